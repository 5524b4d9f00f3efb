# ruff: noqa: E501 - a line that is said stands in one line
"""What a new user types wrongly, and the line that says what to type instead.

Each command that a line proposes is run as it stands, and answers.
"""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from running import DAY, load_small, run
from strategies import shipped_catalog

from tco.catalog import load
from tco.errors import DataError

PROPOSED = re.compile(r"(?:try: |for example:? |first, |: )(tco [a-z][^;]*?)(?:;|$)")

COMMANDS = """
tco cost --tokens 5B
    no command called 'cost'; try: tco compare --tokens 5B
tco prices
    no command called 'prices'; try: tco catalog list
tco price gpt-4.1
    no command called 'price'; try: tco catalog show gpt-4.1
tco price
    no command called 'price'; for example: tco catalog show llama-3.3-70b
tco models
    no command called 'models'; try: tco catalog list --models
tco gpus
    no command called 'gpus'; try: tco catalog list --gpus
tco profiles
    no command called 'profiles'; try: tco catalog list --profiles
tco list
    no command called 'list'; try: tco catalog list
tco help
    no command called 'help'; try: tco --help
tco help compare
    no command called 'help'; try: tco compare --help
tco version
    no command called 'version'; try: tco --version
tco break-even --tokens 5B
    no command called 'break-even'; did you mean breakeven? try: tco breakeven --tokens 5B
tco breakevn --tokens 5B
    no command called 'breakevn'; did you mean breakeven? try: tco breakeven --tokens 5B
tco forecast --tokens 5B
    no command called 'forecast'; try: tco horizon --tokens 5B
tco simulate --tokens 5B
    no command called 'simulate'; try: tco sensitivity --tokens 5B
tco show gpt-4.1
    no command called 'show'; try: tco catalog show gpt-4.1
tco check
    no command called 'check'; try: tco catalog check
tco 5B
    no command called '5B'; try: tco compare 5B
tco frobnicate
    no command called 'frobnicate'; see tco --help
tco catalog ls
    no command called 'ls'; try: tco catalog list
tco catalog price gpt-4.1
    no command called 'price'; try: tco catalog show gpt-4.1
tco catalog search gpt
    no command called 'search'; see tco catalog --help
tco config list
    no command called 'list'; try: tco config show
tco import vllm.json --gpu h100-sxm --gpus 2 --precision fp8 --engine vLLM
    no command called 'vllm.json'; try: tco import bench vllm.json --gpu h100-sxm --gpus 2 --precision fp8 --engine vLLM
tco import logs months.csv
    no command called 'logs'; try: tco profile months.csv
"""

PLACES = """
tco --tokens 5B compare
    options stand after the command; try: tco compare --tokens 5B
tco -o json compare --tokens 5B
    options stand after the command; try: tco compare -o json --tokens 5B
tco -q compare --tokens 5B
    options stand after the command; try: tco compare -q --tokens 5B
tco --profile chat compare --tokens 5B
    options stand after the command; try: tco compare --profile chat --tokens 5B
tco --json compare --tokens 5B
    no option called '--json'; try: tco compare --format json --tokens 5B
"""

FORMATS = """
tco compare --tokens 5B --json
    no option called '--json'; try: tco compare --tokens 5B --format json
tco compare --tokens 5B --csv
    no option called '--csv'; try: tco compare --tokens 5B --format csv
tco compare --tokens 5B --markdown
    no option called '--markdown'; try: tco compare --tokens 5B --format md
tco compare --tokens 5B --output json
    no option called '--output'; try: tco compare --tokens 5B --format json
tco compare --tokens 5B --output result.json
    no option called '--output'; try: tco compare --tokens 5B --export json=result.json
tco compare --tokens 5B --out result.csv
    no option called '--out'; try: tco compare --tokens 5B --export csv=result.csv
tco compare --tokens 5B -o result.json
    --format: 'result.json' is a file; write --export json=result.json
    tco compare --tokens 5B --export json=result.json
tco compare --tokens 5B -o html
    --format: 'html' is a file; write --export html=report.html
tco compare --tokens 5B -o yaml
    --format: 'yaml' is none of table, json, csv, md, github, llm, focus
tco compare --tokens 5B -o jsn
    --format: 'jsn' is none of table, json, csv, md, github, llm, focus; did you mean json?
    tco compare --tokens 5B -o json
tco compare --tokens 5B --export result.json
    --export: 'result.json' is no format and path; write json=result.json
    tco compare --tokens 5B --export json=result.json
tco compare --tokens 5B --verbose
    no option called '--verbose': every term of a bill: tco explain gpt-4.1 --tokens 50B
tco compare --tokens 5B --limit 3
    no option called '--limit'; try: tco compare --tokens 5B --top 3
tco compare --tokens 5B --no-color
    no option called '--no-color'; did you mean --color? try: tco compare --tokens 5B --color never
tco explain gpt-4.1 --tokens 5B --json
    no option called '--json'; try: tco explain gpt-4.1 --tokens 5B --format json
"""

VOLUMES = """
tco compare --tokens 50
    --tokens: 50: so few in a month? write 50B, 50M, or 50/month
    tco compare --tokens 50B
tco compare --tokens 50
    --tokens: 50: so few in a month? write 50B, 50M, or 50/month
    tco compare --tokens 50/month
tco compare --tokens 50m
    --tokens: 50m: 'm' could mean milli or million; write 50M
    tco compare --tokens 50M
tco compare --tokens 50 B
    'B' is no volume; try: tco compare --tokens 50B
tco compare --tokens 50GB
    --tokens: 50GB: unknown unit 'GB'; write 50B
    tco compare --tokens 50B
tco compare --tokens 50.000.000
    --tokens: 50.000.000: unknown unit '.000'; write 50000000, or 50M
    tco compare --tokens 50000000
tco compare --tokens=-5B
    --tokens: -5B: must not be negative; write for example 50B or 500M/day
tco compare --requests 20 req/s
    'req/s' is no volume; try: tco compare --requests '20 req/s'
tco compare --peak 200
    --peak: 200: a rate needs its period; write '200 req/s' or 200/min
    tco compare --peak '200 req/s'
tco compare --volume 5B
    no option called '--volume'; try: tco compare --tokens 5B
tco compare --tokens-per-month 5B
    no option called '--tokens-per-month'; try: tco compare --tokens 5B
tco compare --token 5B
    no option called '--token'; did you mean --tokens? try: tco compare --tokens 5B
tco compare --rps 20
    no option called '--rps'; try: tco compare --requests '20 req/s'
tco compare 5B --tokens 5B
    5B and --tokens both say the volume; give one of them
tco compare --tokens 5B --users 10k
    --tokens and --users say the same thing in two ways; give one of them
tco compare 5X
    '5X' is no volume; see tco compare --help
tco compare tco.yaml
    'tco.yaml' is no volume; try: tco compare --file tco.yaml
tco breakeven 50B
    '50B' is a volume, no option; try: tco breakeven --tokens 50B
tco explain 50B
    '50B' is a volume, no option; for example: tco explain openai/gpt-4.1 --tokens 50B
tco compare --users
    --users needs a value: N, users, at the profile's requests each: 10k
    tco compare --users 10k
tco explain gpt-4.1
    how many tokens a month? for example --tokens 50B
    tco explain gpt-4.1 --tokens 50B
"""

OTHER_WORDS = """
tco compare --tokens 5B --input 1000 --output 300
    no option called '--input'; try: tco compare --tokens 5B --isl 1000 --osl 300
tco compare --tokens 5B --prompt-tokens 1000
    no option called '--prompt-tokens'; try: tco compare --tokens 5B --isl 1000
tco compare --tokens 5B --cache 40%
    no option called '--cache'; did you mean --cached? try: tco compare --tokens 5B --cached 40%
tco compare --tokens 5B --cached 40
    --cached: 40: a share is between 0 and 1, or 0% and 100%; for 40 percent write 40%
    tco compare --tokens 5B --cached 40%
tco compare --tokens 5B --price 2
    no option called '--price'; try: tco compare --tokens 5B --option 'mine:kind=api,input=$2,output=$2'
tco compare --tokens 5B --utilization 50%
    no option called '--utilization': it comes out of the load and its peak; to vary it: tco breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B --over utilization
tco compare --tokens 5B --currency EUR
    --currency EUR needs what a dollar is in it, and when: --fx 0.92
tco compare --tokens 5B --salary €80k
    --salary: €80k: amounts are US dollars; convert it and write for example $200k/year
tco compare --tokens 5B --models gpt-4.1
    no option called '--models'; did you mean --model? try: tco compare --tokens 5B --model gpt-4.1
tco compare --tokens 5B -m gpt-4.1
    no option called '-m'; try: tco compare --tokens 5B --model gpt-4.1
tco compare --tokens 5B --date 2026-11-21
    no option called '--date'; try: tco compare --tokens 5B --as-of 2026-11-21
tco compare --tokens 5B --engineers 1
    no option called '--engineers'; try: tco compare --tokens 5B --fte 1
tco compare --tokens 5B --no-people
    no option called '--no-people'; try: tco compare --tokens 5B --without people
tco compare --tokens 5B --ttft 1s
    no option called '--ttft'; try: tco compare --tokens 5B --slo ttft=1s
tco compare --tokens 5B --tpot 30ms
    no option called '--tpot'; try: tco compare --tokens 5B --max-tpot 30ms
tco compare --tokens 5B --spot
    no option called '--spot'; try: tco compare --tokens 5B --purchase spot
tco compare --tokens 5B --self-hosted
    no option called '--self-hosted'; try: tco compare --tokens 5B --tier self
tco compare --tokens 5B --vendor openai
    no option called '--vendor'; try: tco compare --tokens 5B --provider openai
tco compare --tokens 5B --hardware h100-sxm
    no option called '--hardware'; try: tco compare --tokens 5B --gpu h100-sxm
tco compare --tokens 5B --tp 2
    no option called '--tp'; try: tco compare --tokens 5B --gpus 2
tco compare --tokens 5B --as_of 2026-11-21
    no option called '--as_of'; did you mean --as-of? try: tco compare --tokens 5B --as-of 2026-11-21
tco compare --tokens 5B --flagship
    no option called '--flagship'; try: tco compare --tokens 5B --class flagship
tco compare --tokens 5B --pareto
    no option called '--pareto'; try: tco compare --tokens 5B --frontier
tco compare --tokens 5B --like gpt-4.1
    no option called '--like'; try: tco compare --tokens 5B --as-good-as gpt-4.1
tco compare --tokens 5B --frobnicate
    no option called '--frobnicate'; see tco compare --help
"""

OF_OTHER_COMMANDS = """
tco compare --tokens 5B --growth 5%
    no option called '--growth' here, but in tco breakeven, horizon, bill; try: tco horizon --tokens 5B --growth 5%
tco compare --growth 5%
    no option called '--growth' here, but in tco breakeven, horizon, bill; try: tco horizon --growth 5% --tokens 50B
tco plan --tokens 5B --growth 5%
    no option called '--growth' here, but in tco breakeven, horizon, bill; try: tco horizon --tokens 5B --growth 5%
tco compare --tokens 5B --draws 100
    no option called '--draws' here, but in tco sensitivity; try: tco sensitivity --tokens 5B --draws 100
tco compare --tokens 5B --what-if 'rent +30%'
    no option called '--what-if' here, but in tco sensitivity; try: tco sensitivity --tokens 5B --what-if 'rent +30%'
tco compare --tokens 5B --against gpt-4.1
    no option called '--against' here, but in tco breakeven, train, catalog verify and 1 more; try: tco breakeven --tokens 5B --against gpt-4.1
tco compare --tokens 5B --map volume:rent
    no option called '--map' here, but in tco breakeven; try: tco breakeven --tokens 5B --map volume:rent
tco compare --tokens 5B --over rent
    no option called '--over' here, but in tco breakeven; for example: tco breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B --over rent
tco compare --tokens 5B --epochs 3
    no option called '--epochs' here, but in tco train; for example: tco train gpt-4.1 llama-3.3-70b --training-tokens 20M --epochs 3 --refresh '3 months'
tco compare --tokens 5B --fail-if winner-changes
    no option called '--fail-if' here, but in tco diff; for example: tco diff base.json head.json --fail-if winner-changes --format github
tco compare --tokens 5B --corpus 1B
    no option called '--corpus' here, but in tco embed; for example: tco embed --corpus 10B
tco horizon gpt-4.1 self/llama-3.3-70b --tokens 5B --years 3
    no option called '--years'; try: tco horizon gpt-4.1 self/llama-3.3-70b --tokens 5B --horizon '3 years'
tco horizon gpt-4.1 self/llama-3.3-70b --tokens 5B --months 36
    no option called '--months'; try: tco horizon gpt-4.1 self/llama-3.3-70b --tokens 5B --horizon '36 months'
tco sensitivity gpt-4.1 self/llama-3.3-70b --tokens 5B --simulations 100
    no option called '--simulations'; try: tco sensitivity gpt-4.1 self/llama-3.3-70b --tokens 5B --draws 100
tco sensitivity gpt-4.1 self/llama-3.3-70b --tokens 5B --montecarlo
    no option called '--montecarlo'; try: tco sensitivity gpt-4.1 self/llama-3.3-70b --tokens 5B --draws 10k
tco size --model llama-3.3-70b
    no option called '--model'; try: tco size llama-3.3-70b
tco size llama-3.3-70b --quantization fp8
    no option called '--quantization'; try: tco size llama-3.3-70b --precision fp8
tco size llama-3.3-70b --dtype fp8
    no option called '--dtype'; try: tco size llama-3.3-70b --precision fp8
tco size llama-3.3-70b --batch-size 32
    no option called '--batch-size'; try: tco size llama-3.3-70b --concurrency 32
tco size llama-3.3-70b --provider lambda
    no option called '--provider'; try: tco size llama-3.3-70b --seller lambda
tco size llama-3.3-70b --fte 1
    no option called '--fte' here, but in tco compare, breakeven, sensitivity and 6 more; see tco compare --help
tco size llama-3.3-70b 2xh100-sxm
    more words than tco size takes: 2xh100-sxm; try: tco size llama-3.3-70b --gpus 2 --gpu h100-sxm
tco train --model llama-3.3-70b --training-tokens 100M
    no option called '--model'; try: tco train llama-3.3-70b --training-tokens 100M
tco train llama-3.3-70b --dataset 100M
    no option called '--dataset'; try: tco train llama-3.3-70b --training-tokens 100M
tco train llama-3.3-70b --training-tokens 100M --within 24
    --within: 24: a duration needs its unit; write 24h or 24min
    tco train llama-3.3-70b --training-tokens 100M --within 24h
tco embed --tokens 10B
    no option called '--tokens'; try: tco embed --corpus 10B
tco embed 10B
    more words than tco embed takes: 10B; try: tco embed --corpus 10B
tco embed --corpus 10B --requests 5M --query-tokens 200
    no option called '--requests'; try: tco embed --corpus 10B --queries 5M --query-tokens 200
tco mcp --port 8000
    no option called '--port': it speaks over stdin and stdout, to the program that starts it
"""

VALUES = """
tco horizon gpt-4.1 self/llama-3.3-70b --tokens 5B --horizon 36m
    --horizon: 36m: 'm' could mean minutes or months; write 36mo
    tco horizon gpt-4.1 self/llama-3.3-70b --tokens 5B --horizon 36mo
tco horizon gpt-4.1 self/llama-3.3-70b --tokens 5B --growth 5
    --growth: 5: a share is between 0 and 1, or 0% and 100%; for 5 percent write 5%
    tco horizon gpt-4.1 self/llama-3.3-70b --tokens 5B --growth 5%
tco compare --tokens 5B --slo 30ms
    --slo: '30ms' is no limit; write tpot=30ms or ttft=30ms
    tco compare --tokens 5B --slo tpot=30ms
tco compare --tokens 5B --slo tbt=30ms
    --slo: 'tbt=30ms' is no limit; write tpot=30ms
    tco compare --tokens 5B --slo tpot=30ms
tco compare --tokens 5B --max-tpot 50
    --max-tpot: 50: a duration needs its unit; write 50ms or 50s
    tco compare --tokens 5B --max-tpot 50ms
tco compare --tokens 5B --parallel 4
    --parallel: '4' is none of tensor, expert, data-attention; how many is --gpus 4
    tco compare --tokens 5B --gpus 4
tco compare --tokens 5B --as-of 21.11.2026
    --as-of: '21.11.2026' is not a date; write 2026-11-21
    tco compare --tokens 5B --as-of 2026-11-21
tco compare --tokens 5B --as-of 2026-11
    --as-of: '2026-11' is not a date; write 2026-11-01
tco compare --tokens 5B --set headroom=90%
    --set: no setting called 'headroom'; did you mean serving.headroom?
    tco compare --tokens 5B --set serving.headroom=90%
tco compare --tokens 5B --set serving.headrom=90%
    --set: no setting called 'serving.headrom'; did you mean serving.headroom?
tco compare --tokens 5B --without staff
    --without: no line of a bill called 'staff'; did you mean people?
    tco compare --tokens 5B --without people
tco compare --tokens 5B --top all
    --top: all: not a quantity; write for example 8 or 4k
"""

NAMES = """
tco compare --tokens 5B --profile support
    no traffic profile called 'support'; did you mean chat? there are general, chat; tco catalog list --profiles has all 2
    tco compare --tokens 5B --profile chat
tco compare --tokens 5B --gpu h100s
    no GPU called 'h100s'; did you mean h100-sxm, h200-sxm? there are h100-sxm, h200-sxm, l40s; tco catalog list --gpus has all 3
    tco compare --tokens 5B --gpu h100-sxm
tco compare --tokens 5B --gpu 2xh100-sxm
    '2xh100-sxm' is a number of GPUs; write --gpus 2 --gpu h100-sxm
    tco compare --tokens 5B --gpus 2 --gpu h100-sxm
tco compare --tokens 5B --model gpt4
    no model called 'gpt4'; did you mean gpt-4.1, gpt-4.1-mini? there are kimi-k3, gpt-oss-120b, gpt-4.1, gpt-4.1-mini, llama-3.3-70b; tco catalog list --models has all 5
    tco compare --tokens 5B --model gpt-4.1
tco compare --tokens 5B --model llama-70b
    no model called 'llama-70b'; did you mean llama-3.3-70b? there are kimi-k3, gpt-oss-120b, gpt-4.1, gpt-4.1-mini, llama-3.3-70b; tco catalog list --models has all 5
    tco compare --tokens 5B --model llama-3.3-70b
tco compare --tokens 5B --model openai/gpt-4.1
    openai/gpt-4.1 is an option, not a model; write --provider openai --model gpt-4.1
    tco compare --tokens 5B --provider openai --model gpt-4.1
tco compare --tokens 5B --model nosuch
    no model called 'nosuch'; there are kimi-k3, gpt-oss-120b, gpt-4.1, gpt-4.1-mini, llama-3.3-70b; tco catalog list --models has all 5
tco compare --tokens 5B --provider openia
    no provider called 'openia'; did you mean openai? there are deepinfra, openai, together; tco catalog list --providers has all 3
    tco compare --tokens 5B --provider openai
tco compare --tokens 5B --seller runpod.io
    no GPU seller called 'runpod.io'; did you mean runpod? there are lambda, nebius, runpod, vast; tco catalog list --sellers has all 4
    tco compare --tokens 5B --seller runpod
tco compare --tokens 5B --tier closed
    no tier called 'closed'; did you mean api? there are api, hosted, self
    tco compare --tokens 5B --tier api
tco compare --tokens 5B --tier selfhosted
    no tier called 'selfhosted'; did you mean self? there are api, hosted, self
    tco compare --tokens 5B --tier self
tco compare --tokens 5B --purchase buy
    no purchase option called 'buy'; did you mean own? there are on_demand, spot, reserved_1y, reserved_3y, own, dedicated
    tco compare --tokens 5B --purchase own
tco compare --tokens 5B --license apache-2.0
    no licence called 'apache-2.0'; did you mean permissive? there are permissive, community, research, proprietary, unknown
    tco compare --tokens 5B --license permissive
tco compare --tokens 5B --precision 8bit
    no precision called '8bit'; did you mean int8? there are bf16, fp16, fp8, mxfp8, int8, fp4, nvfp4, mxfp4, int4, awq, q4_k_m
    tco compare --tokens 5B --precision int8
tco compare --tokens 5B --engine vllm
    no engine profile called 'vllm'; there are tuned, sglang, default, local, legacy, legacy-rocm
tco explain self --tokens 5B
    own GPUs are named by the model they serve: self/llama-3.3-70b
    tco explain self/llama-3.3-70b --tokens 5B
tco explain self/gpt-4.1 --tokens 5B
    self/gpt-4.1: the weights of gpt-4.1 are closed, only sellers run it
tco catalog list gpt-4.1
    more words than tco catalog list takes: gpt-4.1; try: tco catalog list --model gpt-4.1
tco catalog list profiles
    more words than tco catalog list takes: profiles; try: tco catalog list --profiles
"""

PAIRS = """
tco explain
    missing argument 'OPTION'; for example: tco explain openai/gpt-4.1 --tokens 50B
tco explain gpt-4.1 self/llama-3.3-70b --tokens 5B
    more words than tco explain takes: self/llama-3.3-70b; try: tco breakeven gpt-4.1 self/llama-3.3-70b --tokens 5B
tco compare gpt-4.1 --tokens 5B
    'gpt-4.1' is no volume; try: tco compare --model gpt-4.1 --tokens 5B
tco compare openai/gpt-4.1 --tokens 5B
    'openai/gpt-4.1' is no volume; try: tco explain openai/gpt-4.1 --tokens 5B
tco compare gpt-4.1 self/llama-3.3-70b
    more words than tco compare takes: self/llama-3.3-70b; try: tco breakeven gpt-4.1 self/llama-3.3-70b
tco breakeven gpt-4.1
    against what? for example tco breakeven gpt-4.1 self/llama-3.3-70b
tco breakeven self/llama-3.3-70b
    against what? for example tco breakeven llama-3.3-70b self/llama-3.3-70b
tco breakeven gpt-4.1 gpt-4.1
    A and B are both gpt-4.1; name two different options
tco breakeven gpt-4.1 vs self/llama-3.3-70b
    more words than tco breakeven takes: self/llama-3.3-70b; try: tco breakeven gpt-4.1 self/llama-3.3-70b
tco sensitivity gpt-4.1 --tokens 5B
    against what? for example tco sensitivity gpt-4.1 self/llama-3.3-70b --tokens 5B
tco horizon gpt-4.1 --tokens 5B
    against what? for example tco horizon gpt-4.1 self/llama-3.3-70b --tokens 5B
tco plan --model gpt-4.1 --tokens 5B
    the weights of gpt-4.1 are closed: own GPUs serve another model beside it; for example tco plan gpt-4.1 self/llama-3.3-70b --tokens 5B
tco plan gpt-4.1 --tokens 5B
    the weights of gpt-4.1 are closed: own GPUs serve another model beside it; for example tco plan gpt-4.1 self/llama-3.3-70b --tokens 5B
tco plan self/llama-3.3-70b gpt-4.1 --tokens 5B
    self/llama-3.3-70b is not priced by the token: the API first, tco plan gpt-4.1 self/llama-3.3-70b --tokens 5B
tco deploy llama-3.3-70b --tokens 5B
    deepinfra/llama-3.3-70b is bought by the token: nothing to deploy; its base URL is not in the catalog, deepinfra documents it; on own GPUs it is self/llama-3.3-70b
    tco deploy self/llama-3.3-70b --tokens 5B
tco diff
    missing argument 'A'; for example: tco diff base.json head.json
tco bill
    which logs? for example ~/.claude/projects, or a .jsonl file
tco profile chat
    chat: no such file; --sources lists what is read
    tco profile --sources
"""

AS_SPOKEN = """
tco compare 5 B
    more words than tco compare takes: B; try: tco compare 5B
tco compare 5B tokens
    more words than tco compare takes: tokens; try: tco compare 5B
tco compare 20 M requests
    more words than tco compare takes: M requests; try: tco compare 20Mrequests
tco compare --tokens=5 billion
    'billion' is no volume; try: tco compare '--tokens=5 billion'
tco compare tokens=5B
    'tokens=5B' is no volume; try: tco compare --tokens 5B
tco compare model=gpt-4.1 tokens=5B
    more words than tco compare takes: tokens=5B; try: tco compare --model gpt-4.1 --tokens 5B
tco explain gpt-4.1 tokens=5B
    more words than tco explain takes: tokens=5B; try: tco explain gpt-4.1 --tokens 5B
tco compare --tokens 5B --set serving.headroom 90%
    '90%' is no volume; try: tco compare --tokens 5B --set serving.headroom=90%
tco compare --tokens 5B --gpus 8xH100
    --gpus: 8xH100 is a number and a GPU; write --gpus 8 --gpu H100
    tco compare --tokens 500B --gpus 2 --gpu H100
tco compare --tokens 5B --gpu H100x8
    'H100x8' is a number of GPUs; write --gpus 8 --gpu h100-sxm
    tco compare --tokens 500B --gpus 2 --gpu h100-sxm
tco compare --tokens 5B --class big
    --class: 'big' is none of small, mid, flagship; did you mean flagship?
tco compare --tokens 5B --purchase 1yr
    no purchase option called '1yr'; did you mean reserved_1y? there are on_demand, spot, reserved_1y, reserved_3y, own, dedicated
tco compare --budget 10000
    no option called '--budget': a limit on the bill is a check of a scenario file, such as max_monthly: $40k/month; tco compare -f tco.yaml holds the answer to it
tco compare --users 100 --tokens-per-user 5000
    no option called '--tokens-per-user': what a user asks is in the profile (tco catalog list --profiles), and in --isl and --osl
tco config set tokens=5B
    no command called 'set'; see tco config --help
"""

TABLES = (
    *(COMMANDS, PLACES, FORMATS, VOLUMES, OTHER_WORDS, OF_OTHER_COMMANDS, VALUES, NAMES, PAIRS),
    AS_SPOKEN,
)


def mistakes() -> list[tuple[str, str, str]]:
    """Return what is typed, the line that is said, and the command that is right, if it is told."""
    found = []
    for typed in re.split(r"\n(?=tco )", "".join(TABLES))[1:]:
        lines = [line.strip() for line in typed.strip().splitlines()]
        right = lines[2] if len(lines) > 2 else ""
        proposed = PROPOSED.search(lines[1])
        found.append((lines[0], lines[1], right or (proposed[1] if proposed else "")))
    return found


MISTAKES = mistakes()


@cache
def small() -> load.Catalog:
    """Return the small catalog, read once."""
    return load_small()


@pytest.fixture(autouse=True)
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command see the same small catalog."""
    monkeypatch.setattr(load, "load_catalog", lambda *_, **__: small())


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with the files that are named, all but the ones that are mistaken."""
    monkeypatch.chdir(tmp_path)
    answer = run("compare", "--tokens", "5B", *DAY, "-o", "json", "-q").stdout
    for name in ("base.json", "head.json"):
        (tmp_path / name).write_text(answer, encoding="utf-8")
    (tmp_path / "tco.yaml").write_text("workload: {tokens: 5B}\n", encoding="utf-8")
    (tmp_path / "months.csv").write_text(
        "month,model,input,output\n2026-10,gpt-4.1,1000000,20000\n", encoding="utf-8"
    )
    measured = Path(__file__).parents[2] / "size" / "files" / "vllm.json"
    (tmp_path / "vllm.json").write_bytes(measured.read_bytes())
    return tmp_path


def tried(command: str) -> Any:
    """Return what a command does that is typed as it stands."""
    return run(*shlex.split(command)[1:])


def test_there_are_enough_of_them() -> None:
    assert len({typed for typed, _, _ in MISTAKES}) >= 80


def test_each_mistake_is_told_in_one_line(files: Path) -> None:
    wrong = []
    for typed, line, _ in MISTAKES:
        done = tried(typed)
        if done.exit_code not in (2, 3, 4) or done.stderr != f"tco: {line}\n":
            wrong.append(f"{typed}\n  [{done.exit_code}] {done.stderr or done.stdout[:80]}")
    assert not wrong, "\n".join(wrong)


def test_what_is_proposed_answers(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = []
    answered: dict[str, Any] = {}
    for typed, line, right in MISTAKES:
        with monkeypatch.context() as patch:
            if right.startswith(("tco embed", "tco train")):  # no prices of these in the small one
                patch.setattr(load, "load_catalog", lambda *_, **__: shipped_catalog())
            if right and right not in answered:
                answered[right] = tried(right)
        if right and (done := answered[right]).exit_code != 0:
            wrong.append(f"{typed}\n  {right}\n  [{done.exit_code}] {done.stderr}")
        new = {word.partition("=")[0] for word in shlex.split(right)} - {*shlex.split(typed)}
        if right and right not in line and not any(word in line for word in new):
            wrong.append(f"{line}\n  does not say {right}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ["TCO_MODLE", "TCO_FORMT"])
def test_variables_that_mean_nothing_are_told_even_where_notes_are_not_wanted(name: str) -> None:
    done = run("compare", "--tokens", "5B", "-q", *DAY, env={name: "gpt-4.1"})
    meant = {"TCO_MODLE": "TCO_MODEL", "TCO_FORMT": "TCO_FORMAT"}[name]
    assert done.stderr == (
        f"tco: note: ignored, since no option is called so: {name} (did you mean {meant}?)\n"
    )


def test_a_volume_may_stand_alone() -> None:
    for word, flag in (("5B", "--tokens"), ("20 req/s", "--requests"), ("500M/day", "--tokens")):
        plain = run("compare", flag, word, *DAY, "-o", "json", "-q")
        assert run("compare", word, *DAY, "-o", "json", "-q").stdout == plain.stdout
        assert plain.exit_code == 0


def test_a_file_that_is_not_there_is_told_so() -> None:
    done = run("catalog", "check", "nofile.yaml", "--as-of", "2026-11-21")
    assert done.exit_code == 1
    assert "error TCO004 not-found: no such file or directory" in done.stdout
    assert "TCO004 not-found: correct the path" in done.stdout


def test_asking_nothing_shows_what_to_begin_with() -> None:
    done = run()
    assert (done.exit_code, done.stderr) == (0, "")
    shown = re.findall(r"^  (tco .*?)  ", done.stdout, flags=re.MULTILINE)
    assert len(shown) == 3
    assert [tried(command).exit_code for command in shown] == [0, 0, 0]
    assert "tco --help" in done.stdout


def test_what_is_mistyped_is_told_where_no_catalog_can_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(*_: Any, **__: Any) -> Any:
        raise DataError("data/prices.yaml:1: not in this installation")

    monkeypatch.setattr(load, "load_catalog", gone)
    result = run("catalog", "list", "texas")
    assert result.exit_code == 2
    assert result.stderr.startswith("tco: more words than tco catalog list takes: texas;")
