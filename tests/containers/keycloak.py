"""Signing in at Keycloak as a browser does it: the page, the form, the code, the tokens; and its administration."""

import base64
import hashlib
import html
import re
import ssl
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from deploy.docker.realm import LOGIN, person_for


@dataclass
class Keycloak:
    """One realm. `issuer` is its address; passwords and secrets are the installation's."""

    issuer: str
    public_url: str
    trust: ssl.SSLContext
    people_password: str
    client_secrets: dict[str, str]
    admin_password: str

    def _at(self, path: str) -> str:
        return f"{self.issuer}/protocol/openid-connect/{path}"

    def browser(self) -> httpx.AsyncClient:
        """A browser of its own: cookies of nobody else, certificates checked."""
        return httpx.AsyncClient(verify=self.trust, timeout=20)

    async def submit(self, browser: httpx.AsyncClient, page: httpx.Response, role: str) -> httpx.Response:
        """Fills in the login page and sends it."""
        found = re.search(r'<form[^>]*action="([^"]+)"', page.text)
        assert page.status_code == 200 and found, (page.status_code, page.text[:500])
        fields = {"username": username(role), "password": self.people_password, "credentialId": ""}
        return await browser.post(html.unescape(found[1]), data=fields)

    async def tokens(self, role: str, scope: str = "openid profile email") -> dict[str, Any]:
        """The whole answer of the token endpoint for the person who has `role`."""
        verifier, callback = token_urlsafe(48), f"{self.public_url}/auth/callback"
        asked = {
            "response_type": "code",
            "client_id": LOGIN,
            "redirect_uri": callback,
            "scope": scope,
            "state": token_urlsafe(8),
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        async with self.browser() as browser:
            page = await browser.get(self._at("auth"), params=asked)
            answer = await self.submit(browser, page, role)
            assert answer.status_code == 302, (answer.status_code, answer.text[:500])
            code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
            data = {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": callback,
                "code_verifier": verifier,
            }
            given = await browser.post(self._at("token"), data=data, auth=(LOGIN, self.client_secrets[LOGIN]))
        assert given.status_code == 200, given.text
        return dict(given.json())

    async def token(self, role: str) -> str:
        """An access token: a person's by the browser's way, a service's by its own account."""
        return str((await self.tokens(role))["access_token"] if role != "service" else await self.service_token())

    async def service_token(self, service: str = "reporting") -> str:
        async with self.browser() as browser:
            given = await browser.post(
                self._at("token"),
                data={"grant_type": "client_credentials"},
                auth=(service, self.client_secrets[service]),
            )
        assert given.status_code == 200, given.text
        return str(given.json()["access_token"])

    async def administer(self, method: str, path: str, body: Any = None) -> Any:
        """The administration's API of this realm; `path` begins with a slash. Returns what it answers, if anything."""
        master = self.issuer.rpartition("/")[0] + "/master/protocol/openid-connect/token"
        here = self.issuer.replace("/realms/", "/admin/realms/")
        async with self.browser() as browser:
            data = {
                "grant_type": "password",
                "client_id": "admin-cli",
                "username": "admin",
                "password": self.admin_password,
            }
            token = (await browser.post(master, data=data)).raise_for_status().json()["access_token"]
            answer = await browser.request(method, here + path, json=body, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None


def username(role: str) -> str:
    return str(person_for(role)["email"].partition("@")[0])


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
