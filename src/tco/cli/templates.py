"""The files that `tco init` writes."""

PLAN = """\
# yaml-language-server: $schema=./{schema}
#
# A portfolio of tasks for `tco plan -f {name}`: which model serves which task, where, and on what.
#
# Figures are an example, made up to be replaced. Quantities are written as on the command line
# (400k, 2 req/s, 35%, 30ms); a line that begins with # is not read.
version: 1

# All requests of a month. Each task takes a share of them, and the shares come to 100 %.
# Tasks may give their own `requests:` or `tokens:` instead; then leave this line out.
requests: 3M

# What everything would otherwise be sent to: the plan says what it saves against that.
against: claude-opus-4.8

# Who decides which task a request is: a small model that reads the request and writes a label.
# A price does as well: `usd_per_request: $0.0001`.
router: {{model: llama-3.1-8b, isl: 400, osl: 5}}

tasks:
  # A law firm's front door. Clients' words must not leave the house, so only own GPUs will do.
  - name: legal-intake
    share: 22%
    isl: 1800
    osl: 350
    peak_to_mean: 2.6          # office hours
    private: true
    licenses: [permissive, community]
    models: [llama-3.3-70b, llama-4-scout, qwen3-32b, gpt-oss-120b]

  # The few questions that are worth the best model there is.
  - name: legal-analysis
    share: 3%
    isl: 14k
    osl: 2k
    quality: {{review-set: 0.9}} # an evaluation of your own, see `scores` below

  # First answers to customers: a small model tries, and a large one does again what a judge
  # does not accept. The share that is handed on is yours to measure; no benchmark knows it.
  - name: support
    share: 60%
    profile: chat              # lengths, caching and peak of a measured service
    cascades: [small-first]
    models: [gpt-4.1, claude-opus-4.8, deepseek-v3.2, glm-5.2, gpt-oss-120b]

  # Scores of the night: nobody waits, so that a batch tier will do.
  - name: fraud-review
    share: 15%
    isl: 900
    osl: 60
    batch: true
    licenses: [permissive, community]

cascades:
  small-first:
    try: llama-3.1-8b
    escalate: 18%
    to: gpt-4.1
    judge: {{model: llama-3.1-8b}}   # reads question and answer, writes a verdict

# What models scored on evaluations of your own. Scores of public benchmarks are in the catalog:
# `quality: {{mmlu: 85}}` on a task asks for one of those.
scores:
  - {{model: claude-opus-4.8, benchmark: review-set, value: 0.93, source: "our review, 2026-10"}}
  - {{model: gpt-4.1, benchmark: review-set, value: 0.88, source: "our review, 2026-10"}}
  - {{model: glm-5.2, benchmark: review-set, value: 0.85, source: "our review, 2026-10"}}

# Everything that a scenario file says may stand here too, for example:
# settings: {{people.floor_fte: 0.5, serving.headroom: 90%}}
# select: {{purchases: [on_demand, reserved_1y]}}
"""
