"""All cases, by their names."""

from . import waiting  # noqa: F401 - makes cases
from .answers import ANSWERS
from .cases import CASES
from .choices import CHOICES

EVERY = CASES | ANSWERS | CHOICES
