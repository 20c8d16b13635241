from .errors import DataError as DataError
from .errors import HotspotsError as HotspotsError
from .errors import NotFoundError as NotFoundError
from .errors import ParameterError as ParameterError
from .errors import TooLittleDataError as TooLittleDataError
from .pipeline import Analysis as Analysis
from .pipeline import AnalysisRequest as AnalysisRequest
from .pipeline import Evaluation as Evaluation
from .pipeline import Operation as Operation
from .pipeline import OperationRequest as OperationRequest
from .pipeline import Performance as Performance
from .pipeline import PerformanceRequest as PerformanceRequest
from .pipeline import Study as Study
from .pipeline import analyse as analyse
from .pipeline import evaluate as evaluate
from .pipeline import evaluate_operation as evaluate_operation
from .pipeline import find_area as find_area
from .pipeline import load_study as load_study
from .pipeline import measure_performance as measure_performance
from .products.files import write_operation as write_operation
from .products.files import write_performance as write_performance
from .products.files import write_products as write_products
from .settings import Settings as Settings
from .settings import load_settings as load_settings

__version__: str
