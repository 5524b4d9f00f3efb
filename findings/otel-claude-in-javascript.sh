#!/usr/bin/env bash
# OpenLLMetry's spans of Claude: in Python the input has the cached part in it, in JavaScript it has not, by one name.
#
# Guess:   one project, one attribute, one meaning: gen_ai.usage.input_tokens includes what a cache had, in any language.
# Seen:    an answer with 5,000 fresh, 3,000 read and 200 written tokens, called and streamed. JavaScript says 5,000 and
#          a total of 5,050; Python 8,200 (otel-bedrock-input.sh). Names of attributes are the same; the scope is
#          `@traceloop/instrumentation-anthropic`, not `opentelemetry.instrumentation.anthropic`. OpenInference's for
#          JavaScript says 8,200, as it does in Python.
# Matters: read by Python's rule this call has 1,800 fresh tokens instead of 5,000; of an agent whose prompts are nearly
#          all cached the input becomes less than its parts, and is refused or negative.
# Version: @traceloop/instrumentation-anthropic 0.27.0, @anthropic-ai/sdk 0.80.0, which it is tested with,
#          @arizeai/openinference-instrumentation-anthropic 0.2.8; the server is a stub on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @traceloop/instrumentation-anthropic@0.27.0 @anthropic-ai/sdk@0.80.0 \
  @arizeai/openinference-instrumentation-anthropic@0.2.8 @opentelemetry/sdk-trace-node@2.12.1 @opentelemetry/api@1.9.1
cat >ask.cjs <<'JS'
const http = require("node:http");
const { NodeTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-node");

const usage = { input_tokens: 5000, output_tokens: 50, cache_read_input_tokens: 3000, cache_creation_input_tokens: 200 };
const message = {
  id: "m", type: "message", role: "assistant", model: "claude-sonnet-4-5", stop_reason: "end_turn", stop_sequence: null,
  content: [{ type: "text", text: "yes" }], usage,
};
const events = [
  { type: "message_start", message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "yes" } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 50 } },
  { type: "message_stop" },
];
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (part) => (body += part));
  request.on("end", () => {
    const stream = JSON.parse(body).stream;
    response.setHeader("content-type", stream ? "text/event-stream" : "application/json");
    const lines = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    response.end(stream ? lines.join("") : JSON.stringify(message));
  });
});

async function main() {
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const sdk = require("@anthropic-ai/sdk");
  const { AnthropicInstrumentation } = require(process.argv[2]);
  const tracer = new AnthropicInstrumentation({ tracerProvider: provider });
  tracer.setTracerProvider(provider);
  tracer.manuallyInstrument(sdk);
  const client = new sdk.Anthropic({ apiKey: "none", baseURL: `http://127.0.0.1:${server.address().port}` });
  const question = { model: "claude-sonnet-4-5", max_tokens: 50, messages: [{ role: "user", content: "hi" }] };
  await client.messages.create(question);
  for await (const _ of await client.messages.create({ ...question, stream: true })) continue;
  await new Promise((done) => setTimeout(done, 200));
  const seen = exporter.getFinishedSpans().map(({ attributes: at }) => [
    at["gen_ai.usage.input_tokens"] ?? at["llm.token_count.prompt"],
    at["gen_ai.usage.cache_read.input_tokens"] ?? at["llm.token_count.prompt_details.cache_read"],
    at["gen_ai.usage.cache_creation.input_tokens"] ?? at["llm.token_count.prompt_details.cache_write"],
  ]);
  console.log(`${process.argv[2]}: input, read, written ${JSON.stringify(seen)}`);
  if (JSON.stringify(seen) !== process.argv[3]) {
    console.error(`changed: ${JSON.stringify(seen)}`);
    process.exit(1);
  }
  process.exit(0);
}
main();
JS
node ask.cjs @traceloop/instrumentation-anthropic '[[5000,3000,200],[5000,3000,200]]'
node ask.cjs @arizeai/openinference-instrumentation-anthropic '[[8200,3000,200],[8200,3000,200]]'
