"""What the SDK finds on this machine, and where: for those who want to know why it does not work.

The handler asks none of this. Sources are told by ``method`` of botocore's credentials, and by
looking where botocore looks (``botocore.configprovider``, version 1.44, read 2026-11).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from logspire.aws.client import ClientOptions, ClientSource, new_session
from logspire.core.value import Value

if TYPE_CHECKING:
    from typing import Any, Final

# By `method` of the credentials. Filled in with the profile and the files of the session.
_SOURCES: Final = {
    "env": "the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "shared-credentials-file": "profile {profile!r} in {credentials_file}",
    "config-file": "profile {profile!r} in {config_file}",
    "assume-role": "the role that profile {profile!r} assumes",
    "assume-role-with-web-identity": "a role assumed with a web identity token (EKS, OIDC)",
    "container-role": "the credentials service of the container (ECS, EKS Pod Identity)",
    "iam-role": "the role of the EC2 instance (instance metadata service)",
    "sso": "IAM Identity Center (SSO), profile {profile!r}",
    "login": "`aws login`, profile {profile!r}",
    "custom-process": "the credential_process of profile {profile!r}",
}
_SHORTENED_CHARS: Final = 4
_LONG_KEY_CHARS: Final = 16
_USER_IN_URL: Final = re.compile(r"//[^/\s]+@")  # to the last @: a password may have some


class Found(Value):
    """Something that was found, and where."""

    value: str
    source: str


class MultiFactorError(Exception):
    """A role can only be assumed with a code that somebody types in."""


class Discovery:
    """Looks where the client would look: first for the configuration. What may block is said.

    Args:
        options: what the user said about the client; without ``client`` and ``session``.
    """

    def __init__(self, options: ClientOptions) -> None:
        self._options = options
        self._session: Any = None
        self._secrets: list[str] = []

    def configuration(self) -> str:
        """Read the configuration files; return what was used, for people.

        Raises:
            Exception: of botocore, for a missing profile or a file that cannot be read.
        """
        import botocore  # noqa: PLC0415 - takes long, so not before it is needed

        self._session = new_session(self._options)
        self._session.get_scoped_config()
        files = [self._file("config_file"), self._file("credentials_file")]
        there = [name for name in files if Path(name).expanduser().exists()]
        read = " and ".join(there) or "no configuration files"
        return f"botocore {botocore.__version__}, profile {self._profile!r}, {read}"

    def region(self) -> Found | None:
        """Return the region, ``None`` if there is none."""
        if self._options.region_name is not None:
            return Found(self._options.region_name, "--region-name")
        region = self._session.get_config_variable("region")
        if not region:
            return None
        if os.environ.get("AWS_DEFAULT_REGION"):
            return Found(region, "AWS_DEFAULT_REGION")
        return Found(region, f"profile {self._profile!r}")

    def credentials(self) -> Found | None:
        """Return the access key, shortened; ``None`` if there is none. May take long, or for ever.

        Raises:
            MultiFactorError: a code would have to be typed in, which no handler can ask for.
            Exception: of botocore, for credentials that are not complete or cannot be had.
        """
        credentials = self._session.get_credentials()
        if credentials is None:
            return None
        if credentials.method == "assume-role" and self._asks_for_code():
            raise MultiFactorError(f"profile {self._profile!r} has mfa_serial")
        frozen = credentials.get_frozen_credentials()
        # One that is shorter is no secret of AWS but an emulator's, and may be an ordinary word.
        self._secrets += [
            word.strip()  # a line end, as files have it, is quoted where it is complained of
            for word in (frozen.secret_key, frozen.token)
            if word and len(word) >= _LONG_KEY_CHARS
        ]
        source = _SOURCES.get(credentials.method, credentials.method).format(
            profile=self._profile,
            config_file=self._file("config_file"),
            credentials_file=self._file("credentials_file"),
        )
        return Found(shortened(frozen.access_key), source)

    def client_source(self) -> ClientSource:
        """Return what makes the client, from the session that was looked at."""
        session = self._session
        return ClientSource(
            ClientOptions(
                # What is used of a session of boto3, which takes longer to import than all else.
                session=SimpleNamespace(
                    client=session.create_client, get_credentials=session.get_credentials
                ),
                region_name=self._options.region_name,
                endpoint_url=self._options.endpoint_url,
            )
        )

    def endpoint(self, client: Any) -> Found:
        """Return the URL that a client calls, and why this one."""
        url = client.meta.endpoint_url
        if self._options.endpoint_url is not None:
            return Found(url, "--endpoint-url")
        if not self._session.get_config_variable("ignore_configured_endpoint_urls"):
            for name in ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "AWS_ENDPOINT_URL"):
                if os.environ.get(name):
                    return Found(url, name)
            if self._profile_has_endpoint():
                return Found(url, f"profile {self._profile!r}")
        return Found(url, "the region")

    def proxy(self, url: str) -> str:
        """Return the proxy on the way to a URL, ``""`` if there is none."""
        from botocore.httpsession import ProxyConfiguration  # noqa: PLC0415
        from botocore.utils import get_environ_proxies  # noqa: PLC0415

        # As the SDK uses it: with a scheme, by which `redacted` knows a URL.
        return ProxyConfiguration(get_environ_proxies(url)).proxy_url_for(url) or ""

    def redacted(self, text: str) -> str:
        """Return a text without secrets, whoever wrote it: the SDK, a proxy, the service."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return _USER_IN_URL.sub("//***@", text)

    @property
    def _profile(self) -> str:
        return self._session.profile or "default"

    def _profile_has_endpoint(self) -> bool:
        profile = self._session.get_scoped_config()
        sections = self._session.full_config.get("services", {})
        services = sections.get(profile.get("services"), {})
        ours = services.get("cloudwatch_logs", {})
        return "endpoint_url" in profile or "endpoint_url" in ours

    def _file(self, name: str) -> str:
        return str(self._session.get_config_variable(name))

    def _asks_for_code(self) -> bool:
        # The SDK would ask on the terminal, with echo off: also from a thread of the background.
        profiles = self._session.full_config["profiles"]
        name, seen = self._profile, set[str]()
        while name not in seen:
            seen.add(name)
            profile = profiles.get(name, {})
            if "mfa_serial" in profile:
                return True
            name = profile.get("source_profile", name)
        return False


def shortened(access_key: str) -> str:
    """Return as much of an access key as tells which it is, and not more."""
    if len(access_key) < _LONG_KEY_CHARS:
        return f"{access_key[:2]}..."
    return f"{access_key[:_SHORTENED_CHARS]}...{access_key[-_SHORTENED_CHARS:]}"
