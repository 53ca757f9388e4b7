"""Where recordings lie: folders of this machine, and S3 servers (through pyarrow).

S3 is asked with the credentials that its own tools use (`AWS_ACCESS_KEY_ID`, profiles, roles); they are never
printed. `AWS_ENDPOINT_URL` names another server than Amazon's. The region is asked for only where no endpoint
is named.
"""

from __future__ import annotations

import os
import re
from typing import Any

from monitor.archive.arrow import load_arrow
from monitor.errors import ArchiveError

S3 = "s3://"
_SECRET = re.compile(r"//[^/@\s]*@")


def is_remote(path: str) -> bool:
    """Tell whether `path` lies on an S3 server."""
    return path.startswith(S3)


def s3(path: str) -> tuple[Any, str]:
    """Return pyarrow's file system of `path`, and what the path is called there.

    Raises
    ------
    ArchiveError
        It names no bucket, or holds credentials.
    """
    inner = path.removeprefix(S3)
    if _SECRET.match(f"//{inner}") or "?" in inner:
        raise ArchiveError(
            "An s3:// address with credentials or options in it is refused (not shown here); set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile, and give s3://BUCKET/PREFIX."
        )
    if not inner.partition("/")[0]:
        raise ArchiveError(f"{path} names no bucket; give s3://BUCKET or s3://BUCKET/PREFIX.")
    return _file_system(), inner.rstrip("/")


def _file_system() -> Any:
    fs = load_arrow("fs")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    scheme, _, host = endpoint.rpartition("://")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    options: dict[str, Any] = {"connect_timeout": 10.0, "request_timeout": 60.0}
    if host:
        options |= {"endpoint_override": host, "scheme": scheme or "https", "region": region or "us-east-1"}
    elif region:
        options["region"] = region
    return fs.S3FileSystem(**options)


def why(error: Exception) -> str:
    """Return what a server said, as part of a sentence, without what could be a secret."""
    text = _SECRET.sub("//", str(error).split("\n", 1)[0])
    return text[:300].rstrip(".")
