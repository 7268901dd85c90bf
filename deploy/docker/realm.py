"""The Keycloak realm that `start --import-realm` reads: roles, a client for each service, one invented person per role.

Promise: access tokens carry the audience `landa` and the roles in `realm_access.roles`; only notifications signs people
in, by code with PKCE S256; only service accounts have the role `service`.
"""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from deploy.local.identity.provider import read_people

ROLES = ("coordinator", "caseworker", "manager", "council", "jury", "secretary", "auditor", "operator", "service")
AUDIENCE = "landa"
LOGIN = "notifications"
TOKEN_SECONDS = 300


def realm(issuer: str, public_url: str, client_secrets: Mapping[str, str], people_password: str) -> dict[str, Any]:
    """The whole realm. `issuer` ends in the realm's name; every invented person has the same password."""
    name = urlsplit(issuer).path.rpartition("/")[2]
    return {
        "realm": name,
        "enabled": True,
        "sslRequired": "all",
        "accessTokenLifespan": TOKEN_SECONDS,
        "bruteForceProtected": True,
        "internationalizationEnabled": True,
        "supportedLocales": ["sv", "en"],
        "defaultLocale": "sv",
        "roles": {"realm": [{"name": role} for role in ROLES]},
        "clients": [_client(service, secret, public_url) for service, secret in client_secrets.items()],
        "users": [*_people(people_password), *(_account(service) for service in client_secrets)],
    }


def _client(service: str, secret: str, public_url: str) -> dict[str, Any]:
    signs_in = service == LOGIN
    return {
        "clientId": service,
        "secret": secret,
        "publicClient": False,
        "clientAuthenticatorType": "client-secret",
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": signs_in,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "redirectUris": [f"{public_url}/auth/callback"] if signs_in else [],
        "webOrigins": [],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": f"{public_url}/",
        }
        if signs_in
        else {},
        "protocolMappers": [
            {
                "name": "audience",
                "protocol": "openid-connect",
                "protocolMapper": "oidc-audience-mapper",
                "config": {
                    "included.custom.audience": AUDIENCE,
                    "access.token.claim": "true",
                    "id.token.claim": "false",
                },
            },
            {
                "name": "unit",
                "protocol": "openid-connect",
                "protocolMapper": "oidc-usermodel-attribute-mapper",
                "config": {
                    "user.attribute": "unit",
                    "claim.name": "unit",
                    "jsonType.label": "String",
                    "access.token.claim": "true",
                    "id.token.claim": "true",
                },
            },
        ],
    }


def person_for(role: str) -> dict[str, Any]:
    """The first of the demo's people with `role`, one who reads Swedish when there is one."""
    people = sorted(read_people().values(), key=lambda one: one["language"] != "sv")
    return next(person for person in people if role in person["roles"])


def _people(password: str) -> list[dict[str, Any]]:
    unique = {person["sub"]: person for person in map(person_for, ROLES[:-1])}
    return [_person(person, password) for person in unique.values()]


def _person(person: Mapping[str, Any], password: str) -> dict[str, Any]:
    first, _, last = person["name"].partition(" ")
    return {
        "id": str(uuid.UUID(person["sub"])),
        "username": person["email"].partition("@")[0],
        "email": person["email"],
        "emailVerified": True,
        "enabled": True,
        "firstName": first,
        "lastName": last,
        "attributes": {"locale": [person["language"]], "unit": [person["unit"]] if person.get("unit") else []},
        "credentials": [{"type": "password", "value": password, "temporary": False}],
        "realmRoles": list(person["roles"]),
    }


def _account(service: str) -> dict[str, Any]:
    return {
        "username": f"service-account-{service}",
        "enabled": True,
        "serviceAccountClientId": service,
        "realmRoles": ["service"],
    }
