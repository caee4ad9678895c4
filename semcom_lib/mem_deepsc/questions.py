"""Which questions are asked: those of a corpus's splits, or a sample of a test file."""

from collections.abc import Sequence

from semcom_lib import seeds
from semcom_lib.arguments import check_integer
from semcom_lib.mem_deepsc.asked import Asked, tell
from semcom_lib.mem_deepsc.corpus import Corpus
from semcom_lib.mem_deepsc.model import MemDeepSCSizes
from semcom_lib.mem_deepsc.sentences import Sentences
from semcom_lib.sources.stories import Story


def read_questions(corpus: Corpus, splits: Sequence[str], sizes: MemDeepSCSizes) -> tuple[Sentences, list[Asked]]:
    """The distinct sentences of all ``splits``, and each split's questions about them, whose indices they hold."""
    sentences = Sentences(corpus.words, sizes.max_words)
    asked = []
    for split in splits:
        texts, questions = tell(corpus.stories(split), corpus.answers, sizes.memory)
        asked.append(questions.of([sentences.index(text) for text in texts]))
    return sentences, asked


def sample(stories: Sequence[Story], num_questions: int, seed: int) -> list[Story]:
    """Stories of each task in random order until they ask ``num_questions``, or all of the task's; tasks in their order.

    Raises ValueError for fewer than one question.
    """
    check_integer("num_questions", num_questions, 1)
    sampled = []
    for task in sorted({story.task for story in stories}):
        of_task = [story for story in stories if story.task == task]
        asked = 0
        for i in seeds.numpy_generator(seed, "mem_deepsc", "sample", task).permutation(len(of_task)):
            if asked >= num_questions:
                break
            sampled.append(of_task[i])
            asked += len(of_task[i].questions)
    return sampled
