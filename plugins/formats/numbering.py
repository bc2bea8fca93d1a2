"""Numbers for things that have keys, in files whose readers want numbers."""

from __future__ import annotations

PAGE = 1024  # numbers, a bit each: millions that lie close together take little memory


class Numbering:
    """A key that is a number keeps it where it is free; every other gets the next that is."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}
        self._next = 1

    def of(self, key: str) -> int:
        number = int(key) if key.isdecimal() and len(key) < 16 else 0
        if number and self._take(number):
            return number
        while not self._take(self._next):
            self._next += 1
        return self._next

    def _take(self, number: int) -> bool:
        """Whether the number was free; it is not any more."""
        page, place = divmod(number, PAGE)
        bits = self._pages.setdefault(page, bytearray(PAGE // 8))
        byte, bit = place >> 3, 1 << (place & 7)
        if bits[byte] & bit:
            return False
        bits[byte] |= bit
        return True
