"""Verifies certificates however they are shown: by number, as signed data, as PDF."""
