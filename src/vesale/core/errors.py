"""Everything that can go wrong on purpose, on one screen.

VesaleError            code             exit
├─ RecipeError         bad_recipe       2   the recipe file or an override is wrong (says where, and what was meant)
├─ CohortError         bad_cohort       2   a folder or a table is no cohort (says what was looked for)
├─ NotRegistered       not_registered   2   no network / metric / reader by that name (lists near misses)
├─ LogError            bad_log          2   a log of readings, or its key, cannot be read or written
├─ PackageError        bad_package      4   a model package is changed, incomplete or of another schema
├─ MissingExtra        missing_extra    4   an optional part is not installed (says which extra to install)
├─ SourceError         unreadable       3   a file cannot be read as what it claims to be
├─ UnknownSpacing      no_scale         3   a physical measure was asked of an image that has no scale
└─ ShapeError          shape            3   two things that must share a grid do not
"""

from typing import ClassVar


class VesaleError(Exception):
    """Root of every error raised on purpose. The command line prints it without a traceback."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, remedy: str | None = None) -> None:
        """`message` says which file, what was expected and what was found; `remedy` says what to do."""
        super().__init__(message)
        self.message, self.remedy = message, remedy


class RecipeError(VesaleError):
    code = "bad_recipe"


class CohortError(VesaleError):
    code = "bad_cohort"


class NotRegistered(VesaleError):
    code = "not_registered"


class LogError(VesaleError):
    code = "bad_log"


class PackageError(VesaleError):
    code = "bad_package"
    exit_code = 4


class MissingExtra(VesaleError):
    code = "missing_extra"
    exit_code = 4


class SourceError(VesaleError):
    code = "unreadable"
    exit_code = 3


class UnknownSpacing(VesaleError):
    code = "no_scale"
    exit_code = 3


class ShapeError(VesaleError):
    code = "shape"
    exit_code = 3
