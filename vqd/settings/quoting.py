"""How large a job must be to wait for an approval, as the settings write it."""

from pydantic import Field

from vqd.documents.schema import Keys
from vqd.domain.quote import QuoteOver


class QuoteKeys(Keys):
    """How large a job is that waits for an approval."""

    prompts: int | None = Field(default=None, ge=0, description="Above so many prompts.")
    hours: float | None = Field(
        default=None,
        ge=0,
        description="Above so many hours of one server, by what its workflow took before.",
    )

    @property
    def bounds(self) -> QuoteOver:
        """The bounds as jobs are measured by them."""
        return QuoteOver(self.prompts, self.hours)
