from .putting import describe_products as describe_products
from .putting import put_on_shelf as put_on_shelf
from .putting import secure_products as secure_products
from .visible_products import OpenedFile as OpenedFile
from .visible_products import find_product as find_product
from .visible_products import list_products as list_products
from .visible_products import open_file as open_file
