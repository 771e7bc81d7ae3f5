"""OFD (GB/T 33190-2016), the fixed-layout format of Chinese public bodies: a small writer and a careful reader of packages."""

from onecity.kernel.records.ofd.writer import write

__all__ = ["write"]
