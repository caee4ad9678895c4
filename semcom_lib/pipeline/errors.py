"""What the pipeline's commands stop with."""


class PipelineError(Exception):
    """Why a command stopped, in one line that names the file and the place in it."""
