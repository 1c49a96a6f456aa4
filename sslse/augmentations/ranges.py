"""Options that are two bounds, the least value and the greatest."""

from typing import Annotated, TypeVar

from annotated_types import Interval, MaxLen, MinLen

from sslse.errors import OptionError
from sslse.options import PositiveFloat, PositiveInt

Decibels = Annotated[list[Annotated[float, Interval(ge=-120, le=120)]], MinLen(2), MaxLen(2)]
Exponents = Annotated[list[Annotated[float, Interval(ge=-4, le=4)]], MinLen(2), MaxLen(2)]
PositiveRange = Annotated[list[PositiveFloat], MinLen(2), MaxLen(2)]
Counts = Annotated[list[PositiveInt], MinLen(2), MaxLen(2)]


Number = TypeVar("Number", int, float)


def ordered(bounds: list[Number], option: str) -> tuple[Number, Number]:
    """Return the two bounds.

    Args:
        bounds: as the recipe says them.
        option: what it calls them.

    Raises:
        OptionError: the greatest comes first.
    """
    least, most = bounds
    if least > most:
        raise OptionError(f"{bounds}: the least comes first", option)
    return least, most
