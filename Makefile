.PHONY: demo test

# Fine-tunes a small model, measures it, exports it and lets the exported file answer.
demo:
	@.ci/demo

# Runs every test.
test:
	@.ci/test
