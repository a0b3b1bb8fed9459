# Everything is installed into .venv, .tools and node_modules of this folder; nothing global.
# Works with GNU make 3.81, which macOS ships.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev ready demo test test-spark spark check format lock screenshots bench-spine bench-trust bench-records bench-science clean
.DELETE_ON_ERROR:
ifndef SIDE_BY_SIDE
.NOTPARALLEL:
endif

UV := .tools/bin/uv
BIN := .venv/bin
# Written-down byte code is worth a minute, also where Python is told elsewhere not to write any.
WRITING := PYTHONDONTWRITEBYTECODE=
NPM := PATH="$(CURDIR)/.tools/bin:$$PATH" npm

FRONTEND_SOURCES := $(shell find frontend -type d -name node_modules -prune -o -type f -print 2>/dev/null)
# The sprite holds exactly the icons that pages mention.
FRONTEND_SOURCES += $(shell grep -rlE "icon.{0,9}['\"]" src --include='*.html' --include='*.py')
FRONTEND_BUILT := $(if $(wildcard frontend/package.json),.tools/frontend-built)
MESSAGES := $(shell find src -name '*.po' 2>/dev/null)

help:  ## 列出命令 / List the commands
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)$$/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ready .venv/compiled  ## 安装全部依赖并构建前端 / Install everything, build the front end

setup-dev: ready .venv/installed-dev

# The two languages side by side: both wait for disks and networks more than they compute.
ready: $(UV)
	@$(MAKE) --no-print-directory -j 2 SIDE_BY_SIDE=1 .venv/installed .tools/messages-compiled $(FRONTEND_BUILT)

demo: setup  ## 创建演示公司并启动 / Make the demo company and start
	$(BIN)/zhike demo

test: setup-dev check  ## 运行全部检查与测试 / Run all checks and tests
	scripts/browser.sh
	$(WRITING) $(BIN)/pytest -n 3 --dist loadfile

spark: setup  ## 安装 Spark 引擎（需要 Java 17） / Install the Spark engine; wants Java 17
	scripts/spark.sh

test-spark: setup-dev  ## 在本机 Spark 集群上对照各项分析 / Compare the measures on a Spark cluster of this machine
	scripts/spark.sh
	$(WRITING) PYTHONPATH=.tools/spark $(BIN)/pytest -n 0 tests/spark

check: setup-dev  ## 静态检查 / Linters, types, contracts, translations
	$(WRITING) $(BIN)/python scripts/check.py

format: setup-dev  ## 统一代码格式 / Format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

screenshots: setup-dev  ## 重拍 docs/screenshots / Take the pictures of docs/screenshots anew
	scripts/browser.sh
	$(BIN)/python scripts/screenshots.py

lock: $(UV)  ## 重新锁定依赖 / Lock the dependencies anew
	scripts/lock.sh $(UV)

bench-trust: setup  ## 信任相关的性能 / Measure what history and policy cost
	$(BIN)/python benchmarks/trust.py

bench-records: setup  ## 客户记录的性能 / Measure records at a million customers
	$(BIN)/python benchmarks/records.py

bench-science: setup  ## 分析方法的性能与对照 / Measure the analytics library against its peers
	$(BIN)/python benchmarks/science.py

bench-spine: setup  ## 性能测试 / Measure the figures of docs/benchmarks
	$(BIN)/python benchmarks/spine.py

clean:  ## 删除安装与构建产物（不动数据） / Remove what was installed and built, not the data
	rm -rf .venv .tools frontend/node_modules src/zhike/ui/static

$(UV): requirements/tools.txt
	scripts/bootstrap.sh

.venv/created: $(UV) .python-version
	scripts/venv.sh $(UV)
	@touch $@

# Every sync removes the package itself, so both steps belong together.
define install
$(UV) pip sync -q --require-hashes requirements/$(1).txt requirements/build.txt
$(UV) pip install -q --no-deps --no-build-isolation --offline -e .
endef

# An environment for tests also runs the product, and stays one.
.venv/installed: .venv/created requirements/run.txt requirements/build.txt pyproject.toml README.md
	@echo "安装依赖 / Installing dependencies"
	$(call install,$(if $(wildcard .venv/installed-dev),dev,run))
	@touch $@

.venv/installed-dev: .venv/installed requirements/dev.txt
	@echo "安装测试依赖 / Installing dependencies for tests"
	$(call install,dev)
	@touch $@

# Made now, with all cores, rather than by each first start, or by every start where Python is told not to write any.
# Tests leave this out: they load a third of it.
.venv/compiled: .venv/installed
	$(WRITING) $(BIN)/python -m compileall -q -j 0 -x '/tests?/' .venv/lib
	@touch $@

.tools/messages-compiled: .venv/installed $(MESSAGES) scripts/messages.py
	$(BIN)/python scripts/messages.py compile
	@touch $@

# An install leaves its own mark, so that a changed page does not install anew.
.tools/frontend-installed: $(UV) frontend/package.json frontend/package-lock.json
	scripts/node.sh $(UV)
	cd frontend && $(NPM) ci --no-fund --no-audit --loglevel=error
	@touch $@

.tools/frontend-built: .tools/frontend-installed $(FRONTEND_SOURCES)
	cd frontend && $(NPM) run build --silent
	@touch $@
