"""completion: what a shell needs to complete verbs, options, jobs and workflows."""

import click
from click.shell_completion import get_completion_class

from vqd.cli.app import ends_in_words
from vqd.cli.helping import examples


@click.command(
    epilog=examples(
        'eval "$(vqd completion bash)"                   # in ~/.bashrc',
        'eval "$(vqd completion zsh)"                    # in ~/.zshrc, below compinit',
        "vqd completion fish > ~/.config/fish/completions/vqd.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
@ends_in_words
def completion(ctx: click.Context, shell: str) -> None:
    """Print what SHELL needs to complete vqd's words: verbs, options, jobs and workflows."""
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(ctx.find_root().command, {}, "vqd", "_VQD_COMPLETE").source())
