from .asked_jobs import ask_job as ask_job
from .asked_jobs import cancel_job as cancel_job
from .asked_jobs import find_job as find_job
from .job_request import FIELDS as FIELDS
from .job_request import LABELS as LABELS
from .job_request import JobKind as JobKind
from .job_request import JobRequest as JobRequest
