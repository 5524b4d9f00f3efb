#!/usr/bin/env bash
# Four marks for one answer: 9 calls of a judge in Ragas, 11 in DeepEval, eight and five times what the answer read.
#
# Guess:   four metrics are four calls, each with the question, what was retrieved and the answer: four times the
#          tokens, in either library, as they have the same names for the same things.
# Seen:    a question with five passages, 1,521 tokens, and an answer of 105. Ragas: faithfulness 2 calls, relevancy 1
#          (with three answers), precision of the context one a passage, 5, recall 1: 9 calls that read 12,336 tokens.
#          Twenty passages, with the same tokens, are 24 calls and 27,366. DeepEval: 4, 3, 2 and 2 calls, 8,235 tokens,
#          and no more of them for twenty passages. A fifth metric of Ragas (factual correctness) is four calls.
# Matters: judging a run costs 5 to 18 times the run, at the price of the judge's model, which is rarely the cheap one:
#          a nightly test of 500 questions is a bill of its own. Which library it is, and how a text was cut, change it
#          by two without a metric being added.
# Version: ragas 0.4.3 (langchain-community 0.3.31), deepeval 4.3.1; the judge is a stub in the process that agrees with
#          everything, three statements at a time; a word or a mark stands for a token.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/one"
python3 -m venv "$dir/two"
"$dir/one/bin/pip" install -q ragas==0.4.3 langchain-community==0.3.31 langchain==0.3.27 langchain-openai==0.3.35 \
  langchain-core==0.3.86 2>/dev/null
"$dir/two/bin/pip" install -q deepeval==4.3.1
cat >"$dir/sample.py" <<'PY'
import re


def tokens(text):
    return len(re.findall(r"\w+|[^\w\s]", text or ""))


def passages(number):
    return [" ".join(f"c{n}w{k}" for k in range(1500 // number)) for n in range(number)]


QUESTION = "What is " + "it " * 18 + "?"
ANSWER = " ".join(f"Fact {n} is so and so." for n in range(15))
RIGHT = " ".join(f"Fact {n} is so." for n in range(15))
PY
cat >"$dir/ragas_judge.py" <<'PY'
import asyncio
import json
import sys
import warnings

warnings.filterwarnings("ignore")
from langchain_core.outputs import Generation, LLMResult
from ragas.dataset_schema import SingleTurnSample
from ragas.embeddings.base import BaseRagasEmbeddings
from ragas.llms.base import BaseRagasLLM
from ragas.metrics import AnswerRelevancy, Faithfulness, LLMContextPrecisionWithReference, LLMContextRecall
from sample import ANSWER, QUESTION, RIGHT, passages, tokens

calls = []
VERDICT = {"statement": "a", "reason": "r"}


class Judge(BaseRagasLLM):
    """Says what each prompt asks for."""

    def is_finished(self, response):
        return True

    def generate_text(self, prompt, **_):
        raise NotImplementedError

    async def agenerate_text(self, prompt, n=1, **_):
        text = prompt.to_string()
        calls.append(tokens(text))
        if "faithfulness of a series" in text:
            said = {"statements": [{**VERDICT, "verdict": 1}] * 3}
        elif "noncommittal" in text:
            said = {"question": "q?", "noncommittal": 0}
        elif "classifications" in text:
            said = {"classifications": [{**VERDICT, "attributed": 1}] * 3}
        elif "break down" in text.lower():
            said = {"statements": ["a", "b", "c"]}
        else:
            said = {"reason": "r", "verdict": 1}
        return LLMResult(generations=[[Generation(text=json.dumps(said))] * n])


class Alike(BaseRagasEmbeddings):
    def embed_query(self, text):
        return [1.0, 0.0]

    def embed_documents(self, texts):
        return [[1.0, 0.0] for _ in texts]

    async def aembed_query(self, text):
        return [1.0, 0.0]

    async def aembed_documents(self, texts):
        return [[1.0, 0.0] for _ in texts]


async def main():
    seen = {}
    for number in (5, 20):
        sample = SingleTurnSample(
            user_input=QUESTION, response=ANSWER, reference=RIGHT, retrieved_contexts=passages(number)
        )
        for metric in (Faithfulness, AnswerRelevancy, LLMContextPrecisionWithReference, LLMContextRecall):
            judge = metric(llm=Judge())
            if hasattr(judge, "embeddings"):
                judge.embeddings = Alike()
            before = len(calls)
            await judge.single_turn_ascore(sample)
            seen.setdefault(number, []).append((len(calls) - before, sum(calls[before:])))
        asked = [sum(column) for column in zip(*seen[number])]
        print(f"Ragas, {number} passages: {seen[number]}, {asked[0]} calls read {asked[1]:,} of {tokens(QUESTION) + 1500:,}")
    if [[n for n, _ in found] for found in seen.values()] != [[2, 1, 5, 1], [2, 1, 20, 1]] or sum(n for _, n in seen[5]) < 10_000:
        sys.exit(f"changed: {seen}")


asyncio.run(main())
PY
cat >"$dir/deepeval_judge.py" <<'PY'
import logging
import sys
import typing

logging.disable(logging.CRITICAL)
from deepeval.metrics import AnswerRelevancyMetric, ContextualPrecisionMetric, ContextualRecallMetric, FaithfulnessMetric
from deepeval.models import DeepEvalBaseLLM
from deepeval.test_case import LLMTestCase
from sample import ANSWER, QUESTION, RIGHT, passages, tokens

calls = []


def filled(kind):
    """Return a value of a type: three of what is in a list, the first of what may be chosen."""
    outer, inner = typing.get_origin(kind), typing.get_args(kind)
    if outer is list:
        return [filled(inner[0])] * 3
    if outer is typing.Literal:
        return inner[0]
    if outer is typing.Union:
        return filled(inner[0])
    if hasattr(kind, "model_fields"):
        return kind(**{name: filled(field.annotation) for name, field in kind.model_fields.items()})
    return "yes" if kind is str else None


class Judge(DeepEvalBaseLLM):
    def load_model(self):
        return self

    def get_model_name(self):
        return "judge"

    def generate(self, prompt, schema=None):
        calls.append(tokens(prompt))
        return filled(schema) if schema else "{}"

    async def a_generate(self, prompt, schema=None):
        return self.generate(prompt, schema)


seen = {}
for number in (5, 20):
    sample = LLMTestCase(
        input=QUESTION, actual_output=ANSWER, expected_output=RIGHT, retrieval_context=passages(number)
    )
    for metric in (FaithfulnessMetric, AnswerRelevancyMetric, ContextualPrecisionMetric, ContextualRecallMetric):
        before = len(calls)
        metric(model=Judge(), async_mode=False).measure(sample, _show_indicator=False)
        seen.setdefault(number, []).append((len(calls) - before, sum(calls[before:])))
    asked = [sum(column) for column in zip(*seen[number])]
    print(f"DeepEval, {number} passages: {seen[number]}, {asked[0]} calls read {asked[1]:,} of {tokens(QUESTION) + 1500:,}")
if [[n for n, _ in found] for found in seen.values()] != [[4, 3, 2, 2]] * 2 or not 7_000 < sum(n for _, n in seen[5]) < 10_000:
    sys.exit(f"changed: {seen}")
PY
cd "$dir"
HOME="$dir" RAGAS_DO_NOT_TRACK=true "$dir/one/bin/python" -W ignore ragas_judge.py
HOME="$dir" DEEPEVAL_TELEMETRY_OPT_OUT=YES "$dir/two/bin/python" -W ignore deepeval_judge.py
