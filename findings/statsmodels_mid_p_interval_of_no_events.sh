#!/bin/sh
# statsmodels 0.15.0: the mid-p confidence interval of a count of 0 begins at its own upper limit, and leaves 0 out.
#
# Expected: limits that hold the observed rate, from 0 to 2.996 for no event in one unit of exposure
#   (https://www.statsmodels.org/stable/generated/statsmodels.stats.rates.confint_poisson.html). The upper limit solves
#   exp(-rate) / 2 = 0.025; no rate is too low for "no events", so the lower limit is 0. Method "exact-c" gives 0.
# Behaviour: method "midp-c" gives 2.996 as both limits. A ward without a robbery in a year seems to have three, with
#   certainty. Counts from 1 are right. The same package's test by "midp-c" does not reject rates below 2.996.
# Seen on 2026-11-29:
#   count 0: exact-c 0.000 to 3.689, midp-c 2.996 to 2.996
#   count 1: exact-c 0.025 to 5.572, midp-c 0.050 to 4.932
#   count 5: exact-c 1.623 to 11.668, midp-c 1.832 to 11.082
#   p of rate 1 where 0 were counted, midp-c: 0.368
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check statsmodels==0.15.0 numpy==2.4.6 scipy==1.17.1 pandas==3.1.1
"$folder/venv/bin/python" - <<'PY'
import math
import sys
import warnings

from statsmodels.stats.rates import confint_poisson, test_poisson

warnings.simplefilter("ignore")  # of a division by the count, in passing

limits = {}
for count in (0, 1, 5):
    for method in ("exact-c", "midp-c"):
        limits[count, method] = tuple(float(limit) for limit in confint_poisson(count, 1, method=method))
    exact, mid = limits[count, "exact-c"], limits[count, "midp-c"]
    print(f"count {count}: exact-c {exact[0]:.3f} to {exact[1]:.3f}, midp-c {mid[0]:.3f} to {mid[1]:.3f}")
p = float(test_poisson(0, 1, value=1, method="midp-c").pvalue)
print(f"p of rate 1 where 0 were counted, midp-c: {p:.3f}")

upper = -math.log(2 * 0.025)
same = (
    limits[0, "exact-c"][0] == 0
    and all(math.isclose(limit, upper, rel_tol=1e-6) for limit in limits[0, "midp-c"])
    and all(limits[count, "midp-c"][0] < count < limits[count, "midp-c"][1] for count in (1, 5))
    and p > 0.05
)
print("as stated" if same else "CHANGED: this is not the behaviour that the finding states")
sys.exit(not same)
PY
