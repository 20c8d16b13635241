from .patrol_planning import PatrolPlan as PatrolPlan
from .patrol_planning import PlaceVisits as PlaceVisits
from .patrol_planning import plan_patrols as plan_patrols
from .patrol_routes import PatrolRoute as PatrolRoute
from .patrol_routes import PatrolStop as PatrolStop
from .patrol_shift import NO_WAY as NO_WAY
from .patrol_shift import PatrolBreak as PatrolBreak
from .patrol_shift import PatrolShift as PatrolShift
