from .bundle import write_bundle as write_bundle
from .folders import MAX_WARDS_NAMED as MAX_WARDS_NAMED
from .folders import name_folder as name_folder
from .folders import replace_folder as replace_folder
from .folders import write_file as write_file
from .tables import write_csv as write_csv
