from .chain import FIRST as FIRST
from .chain import ChainCheck as ChainCheck
from .chain import Outcome as Outcome
from .chain import check_chain as check_chain
from .chain import record as record
