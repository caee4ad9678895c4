"""Before anything runs: does every stage's section give exactly what its notebook declares?

python -m semcom_lib.pipeline.preflight [profile]      (default: laptop)
"""

import sys
from pathlib import Path
from typing import Any

from semcom_lib import paths
from semcom_lib.pipeline import parameters, profiles, stages
from semcom_lib.pipeline.errors import PipelineError


def main(arguments: list[str]) -> int:
    """Check one profile. Returns the exit code."""
    profile = arguments[0] if arguments else profiles.LAPTOP
    try:
        checked(profile)
    except PipelineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{profile}: every parameter is there, of its type and in its range")
    return 0


def checked(profile: str, root: Path = paths.ROOT) -> dict[str, Any]:
    """params.yaml at ``profile``'s values, checked against all notebooks. Raises PipelineError."""
    values = profiles.at(profile, root)
    name = profiles.FILE if profile == profiles.LAPTOP else f"profiles/{profile}.yaml"
    declared = stages.load(root)
    common = {key: value for key, value in values.items() if not isinstance(value, dict)}
    for stage in declared:
        script = Path(stage.notebook)
        cell = parameters.cell_in((root / script).read_text(encoding="utf-8"), script)
        section = parameters.section_of(values, stage.section)
        given = parameters.overridden(f"{key}={value}" for key, value in stage.arguments)
        parameters.choose(
            parameters.declared_in(cell, script), common | {"section": section}, given, script, stage.section, name
        )
    known = {stage.section for stage in declared}
    for paper, sections in values.items():
        for key in sections if isinstance(sections, dict) else ():
            if f"{paper}.{key}" not in known:
                raise PipelineError(f"{profiles.FILE}: {paper}.{key}: no stage of {stages.FILE} has this section")
    return values


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
