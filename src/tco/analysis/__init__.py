"""The questions that are asked of bills: one module, or one small folder, a question."""
