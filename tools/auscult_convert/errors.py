"""Errors are one line that says what is wrong and what to do; the code becomes the exit status."""


class ConvertError(Exception):
    """The conversion failed while running (exit 1)."""
    code = 1


class UsageError(ConvertError):
    """Options that do not make sense (exit 2)."""
    code = 2


class InputError(ConvertError):
    """A file that cannot be read, is not valid, or holds something the engine lacks (exit 3)."""
    code = 3
