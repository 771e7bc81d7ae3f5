"""The door for whoever verifies: by number, by signed data, by file."""

from onecity.kernel.records.certificates.verification.files import verify_file
from onecity.kernel.records.certificates.verification.numbers import verify_number
from onecity.kernel.records.certificates.verification.tokens import Asked, verify_token
from onecity.kernel.records.certificates.verification.verdict import Shown, Step, Verdict

__all__ = ["Asked", "Shown", "Step", "Verdict", "verify_file", "verify_number", "verify_token"]
