# The recipes of the project: `just` lists them, https://just.systems explains them. Begin with `just setup`.
# On Windows run them from Git Bash.

venv := ".venv"
bin := venv / (if os_family() == "windows" { "Scripts" } else { "bin" })
python := if os_family() == "windows" { "py" } else { "python3" }

# List the recipes
default:
    @just --list

# Make the environment, with the versions that go together
setup:
    {{ python }} -m venv {{ venv }}
    {{ bin }}/pip install -q -c constraints.txt -e ".[dev]"

# Run the tests; arguments go to pytest: `just test tests/cli -k check`
test *arguments:
    {{ bin }}/pytest {{ arguments }}

# Check style, layout and types
lint:
    {{ bin }}/ruff check .
    {{ bin }}/ruff format --check .
    {{ bin }}/mypy

# Mend what the linters can mend
format:
    {{ bin }}/ruff check --fix .
    {{ bin }}/ruff format .

# Write the pages of the documentation that are made from the code, and check all of it
docs:
    {{ bin }}/python docs/make_commands.py
    {{ bin }}/python -m hotspots.products.summary.schema > docs/summary.schema.json
    {{ bin }}/pytest -q tests/test_docs.py

# Take the documentation's pictures anew (needs Chromium)
pictures:
    {{ bin }}/python docs/make_pictures.py

# Measure Hotspots beside other packages; arguments go to the benchmark: `just bench --size tiny --repeats 1`
bench *arguments:
    {{ bin }}/pip install -q -c constraints.txt -e ".[benchmark]"
    {{ bin }}/python -m benchmarks {{ arguments }}

# Build the packages of a release into dist/, after all that must hold for one
release: lint test
    {{ bin }}/python -c "import hotspots, re; assert re.search(rf'^## {hotspots.__version__}\b', open('CHANGELOG.md').read(), re.M), 'CHANGELOG.md has no section for this version'"
    rm -rf dist
    {{ bin }}/python -m hatchling build
