"""Examples at the end of a verb's help."""


def examples(*lines: str) -> str:
    """Give the end of a verb's help: commands as a person would type them, none of them wrapped."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
