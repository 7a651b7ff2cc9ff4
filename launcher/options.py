"""What several commands take."""

from __future__ import annotations

import click

consul_option = click.option(
    "--consul",
    default="",
    metavar="embedded|real|URL",
    help="Which Consul: the embedded agent, a real one of our own (fetched if none is found), or the one at URL. "
    "Without it: CONSUL_HTTP_ADDR, else a `consul` program that is found, else the embedded agent.",
)
system_option = click.option("--system", default="", metavar="ID", help="Which one, where several run.")
json_option = click.option("--json", "as_json", is_flag=True, help="Answer with one line of JSON.")


class WithRest(click.Command):
    """A command that hands on what stands after ``--``, as ``ctx.obj``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the rest off before click looks at it."""
        own, rest = (args[: args.index("--")], args[args.index("--") + 1 :]) if "--" in args else (args, [])
        ctx.obj = rest
        return super().parse_args(ctx, own)
