from .keeping_layers import forget_layers as forget_layers
from .keeping_layers import keep_layers as keep_layers
from .layer_tables import SCHEMA as SCHEMA
from .layer_tables import LayerTables as LayerTables
from .layer_tables import describe_layers as describe_layers
from .layer_tables import has_postgis as has_postgis
from .layer_tables import make_layers as make_layers
