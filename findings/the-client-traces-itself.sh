#!/usr/bin/env bash
# Anthropic's own JavaScript client writes spans unasked: with a tracer beside it every token is in a trace twice.
#
# Guess:   a client makes no spans; an instrumentation does, and a trace has one span with tokens for a call.
# Seen:    three calls of @anthropic-ai/sdk 1.15.0 in a program that has registered any tracer provider, for its web
#          server say, are three spans of scope `com.anthropic.sdk.typescript` with all tokens (8,200 with what was
#          cached). With OpenInference's instrumentation, whose spans are around them, it is six, in two vocabularies:
#          49,200 tokens of 24,600. `ANTHROPIC_OPEN_TELEMETRY=false` leaves OpenInference's three. What was written to
#          the cache is `gen_ai.usage.cache_write.input_tokens` there, not `cache_creation` as in the conventions.
# Matters: the count doubles with an update of the client, nothing else changed, and looks like more traffic. Whoever
#          filters by one vocabulary is right until the other one's instrumentation is taken out as superfluous.
# Version: @anthropic-ai/sdk 1.15.0, @arizeai/openinference-instrumentation-anthropic 0.2.8; the server is a stub on the
#          loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @anthropic-ai/sdk@1.15.0 @arizeai/openinference-instrumentation-anthropic@0.2.8 \
  @opentelemetry/sdk-trace-node@2.12.1 @opentelemetry/api@1.9.1
cat >ask.cjs <<'JS'
const http = require("node:http");
const { NodeTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-node");

const answer = JSON.stringify({
  id: "m", type: "message", role: "assistant", model: "claude-sonnet-4-5", stop_reason: "end_turn", stop_sequence: null,
  content: [{ type: "text", text: "yes" }],
  usage: { input_tokens: 5000, output_tokens: 50, cache_read_input_tokens: 3000, cache_creation_input_tokens: 200 },
});
const server = http.createServer((request, response) => {
  request.resume();
  request.on("end", () => response.setHeader("content-type", "application/json").end(answer));
});

async function main() {
  const [, , traced, wanted] = process.argv;
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  const { Anthropic } = require("@anthropic-ai/sdk");
  if (traced === "traced") {
    const { AnthropicInstrumentation } = require("@arizeai/openinference-instrumentation-anthropic");
    new AnthropicInstrumentation({ tracerProvider: provider }).manuallyInstrument(Anthropic);
  }
  const client = new Anthropic({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}` });
  const question = { model: "claude-sonnet-4-5", max_tokens: 50, messages: [{ role: "user", content: "hi" }] };
  for (let call = 0; call < 3; call++) await client.messages.create(question);
  const seen = {};
  for (const span of exporter.getFinishedSpans()) {
    const tokens = span.attributes["gen_ai.usage.input_tokens"] ?? span.attributes["llm.token_count.prompt"];
    (seen[span.instrumentationScope.name] ??= []).push(tokens);
  }
  const own = process.env.ANTHROPIC_OPEN_TELEMETRY ? ", the client's own switched off" : "";
  console.log(`three calls, ${traced}${own}: ${JSON.stringify(seen)}`);
  if (JSON.stringify(Object.values(seen)) !== wanted) {
    console.error(`changed: ${JSON.stringify(seen)}`);
    process.exit(1);
  }
  process.exit(0);
}
main();
JS
node ask.cjs untraced '[[8200,8200,8200]]'
node ask.cjs traced '[[8200,8200,8200],[8200,8200,8200]]'
ANTHROPIC_OPEN_TELEMETRY=false node ask.cjs traced '[[8200,8200,8200]]'
