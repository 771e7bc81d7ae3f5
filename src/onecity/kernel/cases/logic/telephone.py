"""Telephone numbers as they are compared: the same number written in another way is the same caller."""

HOME = ("+86", "0086")


def plain(phone: str) -> str:
    """A number without the gaps and signs that people write into it, nor the code of China: "+86 138-1234 5678" →
    "13812345678". Another country's code keeps its plus."""
    digits = "".join(c for c in phone if "0" <= c <= "9")
    whole = f"+{digits}" if phone.strip().startswith("+") else digits
    for code in HOME:
        whole = whole.removeprefix(code)
    return whole
