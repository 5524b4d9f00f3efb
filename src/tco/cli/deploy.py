"""`tco deploy`."""

from typing import Annotated

from typer import Argument

from tco.cli.flags import flags
from tco.cli.options import Output, Question


@flags
def deploy(
    question: Question,
    output: Output,
    name: Annotated[str, Argument(metavar="OPTION", help="A set-up of own GPUs: self/MODEL...")],
) -> None:
    """How a set-up is run: vllm serve in a SkyPilot task, tied to its bill. Runs nothing.

    \b
      tco deploy self/llama-3.3-70b --tokens 50B
      tco deploy self/llama-3.3-70b@2xh100-sxm:fp8 --tokens 50B > task.yaml
      tco deploy self/gpt-oss-120b --tokens 200B --engine sglang
      tco deploy self/glm-5.2 --tokens 1T --format json
    """
    from tco.ask.questions import deploy as asked
    from tco.cli.answer import answer

    answer(question, output, asked(name))
