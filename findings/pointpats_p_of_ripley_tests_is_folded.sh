#!/bin/sh
# pointpats 2.5.5: the p value of k_test and its kind is the smaller of two tails, and 0 where nothing is known.
#
# Expected: `pvalue` is "the percent of simulations that were as extreme as the observed value"
#   (https://pysal.org/pointpats/generated/pointpats.k_test.html). Of points laid down by chance, 5% are then below
#   0.05, the values reach up to 1, and with 99 simulations none is below 0.01 (Davison, A. C. and Hinkley, D. V.
#   (1997), Bootstrap Methods and their Application, doi:10.1017/CBO9780511802843, section 4.2).
# Behaviour: the smaller of the two tails is given and not doubled. So no value is above 0.5, more points of chance
#   are below 0.05 than should be, and a small value does not say whether points are clustered or keep apart. Where all
#   simulations equal the points, as at distance 0, the value is 0: the surest there is, and there nothing is known.
# Seen on 2026-12-01:
#   at distance 0: p from 0.00 to 0.00
#   within 0.05, 400 patterns of chance: highest p 0.50, mean 0.25, below 0.05: 11%
#   within 0.10, 400 patterns of chance: highest p 0.50, mean 0.26, below 0.05: 8%
#   within 0.15, 400 patterns of chance: highest p 0.50, mean 0.26, below 0.05: 6%
#   within 0.10: clustered points p 0.01, points that keep apart p 0.00
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pointpats==2.5.5 libpysal==4.14.1 numpy==2.4.6 \
  scipy==1.17.1 pandas==3.1.1 geopandas==1.2.0 shapely==2.2.0 scikit-learn==1.9.1 statsmodels==0.15.0
"$folder/venv/bin/python" - <<'PY'
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")  # of packages that pointpats could use
from pointpats import k_test

square = np.array([0.0, 0.0, 1.0, 1.0])  # the window of points and simulations alike
distances = np.array([0.0, 0.05, 0.1, 0.15])
rng = np.random.default_rng(1)
np.random.seed(1)  # of the simulations


def test(points):
    return k_test(points, support=distances, hull=square, n_simulations=99).pvalue


by_chance = np.array([test(rng.random((60, 2))) for _ in range(400)])
middles = rng.random((10, 2)) * 0.9 + 0.05
clustered = test(np.repeat(middles, 6, axis=0) + rng.uniform(-0.02, 0.02, (60, 2)))
steps = np.linspace(0.06, 0.94, 8)
apart = test(np.array([(x, y) for x in steps for y in steps]))

print(f"at distance 0: p from {by_chance[:, 0].min():.2f} to {by_chance[:, 0].max():.2f}")
for distance, values in zip(distances[1:], by_chance.T[1:], strict=True):
    print(
        f"within {distance:.2f}, 400 patterns of chance: highest p {values.max():.2f}, mean {values.mean():.2f}, "
        f"below 0.05: {(values < 0.05).mean():.0%}"
    )
print(f"within 0.10: clustered points p {clustered[2]:.2f}, points that keep apart p {apart[2]:.2f}")

later = by_chance[:, 1:]
same = (
    not by_chance[:, 0].any()
    and later.max() <= 0.5
    and 0.07 < (later < 0.05).mean() < 0.15
    and clustered[2] < 0.05
    and apart[2] < 0.05
)
print("as stated" if same else "CHANGED: this is not the behaviour that the finding states")
sys.exit(not same)
PY
