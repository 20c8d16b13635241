from .mail import SMTP_VARIABLE as SMTP_VARIABLE
from .mail import send_mail as send_mail
from .outbox import Notice as Notice
from .outbox import send_notices as send_notices
from .webhook import ForbiddenAddressError as ForbiddenAddressError
from .webhook import send_webhook as send_webhook
