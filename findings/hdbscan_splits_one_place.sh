#!/bin/sh
# scikit-learn 1.9.1, hdbscan 0.8.44: HDBSCAN puts incidents of one and the same point into different clusters.
#
# Expected: incidents with equal coordinates get one label, whichever order the rows have, as DBSCAN gives them
#   (https://scikit-learn.org/stable/modules/generated/sklearn.cluster.HDBSCAN.html). The authors of hdbscan say that
#   another label for a duplicate is not intended (https://github.com/scikit-learn-contrib/hdbscan/issues/548).
# Behaviour: where places are equally far from each other, one edge of the tree after the other is cut, in the order of
#   the rows. Of two robberies at one point the first belongs to one hot spot, the second to another, or to none.
#   Points that police.uk moves its crimes to hold many incidents and tie all the time: on two years of robbery in
#   Lewisham and Southwark (6,234 at 2,073 points, 10 and 10) scikit-learn splits 17 points and hdbscan 11. OPTICS, by
#   its default "xi", splits points too. DBSCAN of the unique points, weighted by their counts, has no such case.
# Seen on 2026-11-29:
#   in a row at 0, 100 and 200 m, 5 + 2 + 5 incidents, scikit-learn: 00000 10 11111
#   in a row at 0, 100 and 200 m, 8 + 3 + 8 incidents, scikit-learn: 00000000 0-- 11111111
#   HDBSCAN: 5 of 300 points split, in another order of rows 6; noise 263 and 245 of 990
#   hdbscan: 3 of 300 points split, in another order of rows 3; noise 305 and 313 of 990
#   OPTICS: 7 of 300 points split, in another order of rows 15; noise 276 and 253 of 990
#   DBSCAN: 0 of 300 points split, in another order of rows 0; noise 253 and 253 of 990
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check scikit-learn==1.9.1 hdbscan==0.8.44 numpy==2.4.6 \
  scipy==1.17.1
"$folder/venv/bin/python" - <<'PY'
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")  # of a division in OPTICS, by the distance 0
import hdbscan
from sklearn.cluster import DBSCAN, HDBSCAN, OPTICS


def find_split(place, labels):
    """The places whose incidents have more than one label."""
    return [i for i in np.unique(place) if len(set(labels[place == i].tolist())) > 1]


rows_are_split = []
for counts in ((5, 2, 5), (8, 3, 8)):
    place = np.repeat([0, 1, 2], counts)
    metres = np.column_stack([place * 100.0, place * 0.0])
    labels = HDBSCAN(min_cluster_size=3, min_samples=4, copy=True).fit_predict(metres)
    words = " ".join("".join("-" if n < 0 else str(n) for n in labels[place == i]) for i in range(3))
    print(f"in a row at 0, 100 and 200 m, {' + '.join(map(str, counts))} incidents, scikit-learn: {words}")
    rows_are_split.append(find_split(place, labels) == [1])

rng = np.random.default_rng(7)
points = rng.integers(0, 3_000, (300, 2)).astype(float)  # whole metres, in nine square kilometres
place = np.repeat(np.arange(300), rng.geometric(0.3, 300))
metres = points[place]
order = rng.permutation(len(place))
back = np.argsort(order)
n_split = {}
for name, method in {
    "HDBSCAN": HDBSCAN(min_cluster_size=10, min_samples=10, copy=True),
    "hdbscan": hdbscan.HDBSCAN(min_cluster_size=10, min_samples=10),
    "OPTICS": OPTICS(min_samples=10),
    "DBSCAN": DBSCAN(eps=150, min_samples=10),
}.items():
    labels = method.fit_predict(metres)
    shuffled = method.fit_predict(metres[order])[back]
    n_split[name] = len(find_split(place, labels)), len(find_split(place, shuffled))
    print(
        f"{name}: {n_split[name][0]} of 300 points split, in another order of rows {n_split[name][1]}; "
        f"noise {(labels < 0).sum()} and {(shuffled < 0).sum()} of {len(place)}"
    )

same = all(rows_are_split) and n_split.pop("DBSCAN") == (0, 0) and all(min(n) > 0 for n in n_split.values())
print("as stated" if same else "CHANGED: this is not the behaviour that the finding states")
sys.exit(not same)
PY
