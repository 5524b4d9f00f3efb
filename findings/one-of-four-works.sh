#!/usr/bin/env bash
# SGLang's router as it comes: sixty agents with one system prompt all go to the same of four servers.
#
# Guess:   a router that knows what each server has in its cache weighs that against how busy it is: a prompt that
#          everybody shares is soon in all caches, and the work is spread.
# Seen:    policy `cache_aware`, the default. Conversations of three questions behind one head of 20,000 letters, 60 at
#          once: 180 requests to one server, none to the other three. With 100 it has 73 of them at once and the least
#          busy 9, with 200 98 and 34: the rest is spread only while one server has 64 more in flight than another, and
#          half as many again. A match of 30 % of the prompt is enough to follow it. With a head of its own for each
#          conversation 60 are 15 a server. vllm-router, which began as a copy of it, has 15 a server for both.
# Matters: agents of one product share their head. Up to 64 of them a fleet of any size is one server: tokens are as
#          slow as on one, and three quarters of what is paid for four idles. A test with random prompts shows nothing
#          of it. `--balance-abs-threshold` is the number to set, to what a server holds without getting slow.
# Version: sglang-router 0.3.2, vllm-router 0.1.17; servers are stubs on the loopback address that take a second.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q sglang-router==0.3.2 vllm-router==0.1.17 aiohttp==3.14.5
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import asyncio
import collections
import logging
import socket
import subprocess
import sys

from aiohttp import ClientSession, TCPConnector, web

logging.disable(logging.CRITICAL)
SERVERS = 4
HEAD = " ".join(f"rule{n:06}" for n in range(1818))
asked, now, most = collections.Counter(), collections.Counter(), collections.Counter()


def server(which):
    """Return a server that answers after a second, and counts what it has in flight."""

    async def answer(request):
        await request.read()
        asked[which] += 1
        now[which] += 1
        most[which] = max(most[which], now[which])
        await asyncio.sleep(1)
        now[which] -= 1
        message = {"role": "assistant", "content": "yes"}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
        return web.json_response(
            {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
        )

    async def about(request):
        return web.json_response(
            {"model_path": "m", "served_model_name": "m", "is_generation": True, "object": "list",
             "data": [{"id": "m", "object": "model"}]}
        )

    app = web.Application(client_max_size=2**26)
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_route("*", "/{other:.*}", about)
    return app


def port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


async def talk(session, url, number, head):
    messages = [{"role": "system", "content": head}]
    for turn in range(3):
        messages.append({"role": "user", "content": f"question {number} {turn} " + "x" * 200})
        async with session.post(url, json={"model": "m", "messages": messages}) as answer:
            if answer.status != 200:
                sys.exit(f"changed: the router says {answer.status}: {(await answer.text())[:200]}")
        messages.append({"role": "assistant", "content": "yes"})


async def measure(module, servers):
    """Return for each load what the servers were asked, and the most that each had in flight."""
    own, metrics = port(), port()
    command = [sys.executable, "-m", f"{module}.launch_router", "--host", "127.0.0.1", "--port", str(own)]
    command += ["--prometheus-port", str(metrics), "--worker-urls", *servers]
    if module == "vllm_router":
        command += ["--policy", "cache_aware"]
    router = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    found = {}
    try:
        async with ClientSession(connector=TCPConnector(limit=0)) as session:
            for _ in range(120):
                try:
                    async with session.get(f"http://127.0.0.1:{own}/v1/models") as answer:
                        if answer.status == 200:
                            break
                except OSError:
                    pass
                await asyncio.sleep(0.5)
            await asyncio.sleep(2)
            url = f"http://127.0.0.1:{own}/v1/chat/completions"
            for what, users in (("one head", 60), ("one head", 200), ("own heads", 60)):
                asked.clear()
                most.clear()
                heads = [HEAD if what == "one head" else " ".join(f"{n}of{k:05}" for k in range(2000)) for n in range(users)]
                await asyncio.gather(*(talk(session, url, n, head) for n, head in enumerate(heads)))
                found[what, users] = sorted((asked[n] for n in range(SERVERS)), reverse=True)
                peak = sorted((most[n] for n in range(SERVERS)), reverse=True)
                print(f"{module}, {what}, {users} at once: requests {found[what, users]}, most in flight {peak}")
    finally:
        router.terminate()
        router.wait()
    return found


async def main():
    servers = []
    for which in range(SERVERS):
        runner = web.AppRunner(server(which))
        await runner.setup()
        at = port()
        await web.TCPSite(runner, "127.0.0.1", at).start()
        servers.append(f"http://127.0.0.1:{at}")
    sglang, vllm = await measure("sglang_router", servers), await measure("vllm_router", servers)
    crowded = sglang["one head", 60] == [180, 0, 0, 0] and sglang["one head", 200][0] > 200
    spread = all(found[0] < 60 for found in (sglang["own heads", 60], vllm["one head", 60], vllm["own heads", 60]))
    if not (crowded and spread):
        sys.exit(f"changed: sglang {sglang}, vllm {vllm}")


asyncio.run(main())
PY
