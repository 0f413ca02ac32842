"""Made-up secrets: by kind, under the names and in the forms in which configurations hold them.

Kinds and names follow the published rules of gitleaks and detect-secrets; values are random.
https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml
https://github.com/Yelp/detect-secrets/tree/master/detect_secrets/plugins
"""

import base64
import gzip
import json
import re
import string
from collections.abc import Callable
from random import Random
from typing import NamedTuple

LETTERS = {
    "w": string.ascii_letters + string.digits,
    "l": string.ascii_letters,
    "h": "0123456789abcdef",
    "u": string.ascii_uppercase + string.digits,
    "e": string.ascii_lowercase + string.digits,
    "d": string.digits,
    "b": string.ascii_letters + string.digits + "+/",
    "s": string.ascii_letters + string.digits + "_-",
    "p": string.ascii_letters + string.digits + "!@%^*+-_.?~:",
}
"""Sets of letters that a pattern names: `{w36}` stands for 36 letters of `w`."""

FORMATS = {
    "AWS access key id": "AKIA{u16}",
    "AWS temporary key id": "ASIA{u16}",
    "AWS Bedrock key": "ABSK{b120}",
    "JSON web token": "eyJ{w20}.eyJ{s60}.{s43}",
    "GitHub token": "ghp_{w36}",
    "GitHub app token": "ghs_{w36}",
    "GitHub OAuth token": "gho_{w36}",
    "GitHub fine-grained token": "github_pat_{w22}_{w59}",
    "GitLab token": "glpat-{s20}",
    "GitLab deploy token": "gldt-{s20}",
    "GitLab runner token": "glrt-{s20}",
    "GitLab trigger token": "glptt-{h40}",
    "GitLab job token": "glcbt-{w2}_{s20}",
    "GitLab registration token": "GR1348941{s20}",
    "Slack bot token": "xoxb-{d12}-{d12}-{w24}",
    "Slack user token": "xoxp-{d12}-{d12}-{d12}-{h32}",
    "Slack app token": "xapp-1-{u11}-{d13}-{h64}",
    "Slack webhook": "https://hooks.slack.com/services/T{u8}/B{u10}/{w24}",
    "Discord bot token": "M{w23}.{s6}.{s27}",
    "Stripe key": "sk_live_{w24}",
    "Stripe test key": "rk_test_{w24}",
    "OpenAI key": "sk-{w48}",
    "OpenAI project key": "sk-proj-{s74}T3BlbkFJ{s74}",
    "Anthropic key": "sk-ant-api03-{s93}AA",
    "Google API key": "AIza{s35}",
    "Google OAuth secret": "GOCSPX-{s28}",
    "SendGrid key": "SG.{s22}.{s43}",
    "Hugging Face token": "hf_{l34}",
    "npm token": "npm_{w36}",
    "PyPI token": "pypi-AgEIcHlwaS5vcmc{s70}",
    "RubyGems key": "rubygems_{h48}",
    "Vault token": "hvs.{s92}",
    "Terraform Cloud token": "{w14}.atlasv1.{s67}",
    "DigitalOcean token": "dop_v1_{h64}",
    "Databricks token": "dapi{h32}",
    "Dynatrace token": "dt0c01.{u24}.{u64}",
    "Doppler token": "dp.pt.{w43}",
    "New Relic user key": "NRAK-{u27}",
    "Postman key": "PMAK-{h24}-{h34}",
    "Pulumi token": "pul-{h40}",
    "Planetscale token": "pscale_tkn_{s43}",
    "Prefect key": "pnu_{w36}",
    "Perplexity key": "pplx-{w48}",
    "Grafana token": "glsa_{w32}_{h8}",
    "Grafana Cloud token": "glc_{b60}",
    "Sentry token": "sntryu_{h64}",
    "Linear key": "lin_api_{w40}",
    "Notion token": "ntn_{d11}{w35}",
    "Shopify token": "shpat_{h32}",
    "Shippo token": "shippo_live_{h40}",
    "Square token": "sq0atp-{s22}",
    "Brevo key": "xkeysib-{h64}-{w16}",
    "Mailchimp key": "{h32}-us{d2}",
    "Twilio key": "SK{h32}",
    "Telegram bot token": "{d10}:A{s34}",
    "Airtable token": "pat{w14}.{h64}",
    "Alibaba key": "LTAI{w20}",
    "age key": "AGE-SECRET-KEY-1{u58}",
    "1Password key": "A3-{u6}-{u11}-{u5}-{u5}-{u5}",
    "Adobe client secret": "p8e-{e32}",
    "Artifactory key": "AKCp{w69}",
    "Atlassian token": "ATATT3{s186}",
    "Azure client secret": "{w3}8Q~{s34}",
    "Azure account key": "{b86}==",
    "Cloudflare origin key": "v1.0-{h24}-{h146}",
    "ClickHouse key": "4b1d{w38}",
    "Duffel token": "duffel_live_{s43}",
    "EasyPost key": "EZAK{w54}",
    "Flutterwave key": "FLWSECK_TEST-{h32}-X",
    "Fly.io token": "fo1_{s43}",
    "Frame.io token": "fio-u-{s64}",
    "Heroku key": "HRKU-AA{s58}",
    "Infracost key": "ico-{w32}",
    "MaxMind key": "{w6}_{w29}_mmk",
    "Octopus Deploy key": "API-{u26}",
    "OpenShift token": "sha256~{s43}",
    "Plaid token": "access-production-{h8}-{h4}-{h4}-{h4}-{h12}",
    "ReadMe key": "rdme_{e70}",
    "Scalingo token": "tk-us-{s48}",
    "Sourcegraph token": "sgp_{h40}",
    "Typeform token": "tfp_{s59}",
    "Yandex key": "AQVN{s36}",
    "Docker Hub token": "dckr_pat_{s27}",
    "Tailscale key": "tskey-auth-{w12}-{w32}",
    "password in an address": "postgres://app:{w20}@db.example.com:5432/app",
}
"""Kinds that their format tells: found under any name."""

PASSWORDS = (
    "DB_PASSWORD",
    "PGPASSWORD",
    "MYSQL_PWD",
    "DB_PASS",
    "password",
    "rootPassword",
    "admin_passwd",
    "masterUserPassword",
    "spring.datasource.password",
    "REDIS_PASSWORD",
    "smtp_pass",
    "passphrase",
    "LDAP_BIND_PW",
    "MYSQL_ROOT_PASSWORD",
    "auth.postgresPassword",
    "KeyStorePassword",
    "userPwd",
    "db-password",
    "SSHPASS",
    "RABBITMQ_DEFAULT_PASS",
)
KEYS = (
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "aws_secret_access_key",
    "SECRET_KEY_BASE",
    "API_KEY",
    "apiKey",
    "client_secret",
    "AUTH_TOKEN",
    "access_token",
    "GITHUB_TOKEN",
    "DJANGO_SECRET_KEY",
    "JWT_SECRET",
    "encryption_key",
    "privateKey",
    "DATADOG_API_KEY",
    "OPENAI_API_KEY",
    "STRIPE_SECRET_KEY",
    "consumer-secret",
    "x-api-key",
    "APP_KEY",
    "SLACK_SIGNING_SECRET",
    "webhookSecret",
    "NPM_TOKEN",
    "SENTRY_AUTH_TOKEN",
    "okta_api_token",
    "cookieSecret",
    "HEROKU_API_KEY",
    "algolia_admin_key",
    "TWITTER_ACCESS_SECRET",
    "FASTLY_API_TOKEN",
    "SONAR_TOKEN",
    "master_key",
    "sharedAccessKey",
    "ACCOUNT_KEY",
    "CONNECTION_STRING",
    "DRONE_TOKEN",
    "license_key",
    "session_secret",
    "HMAC_KEY",
)
VALUES = (
    "{w24}",
    "{w32}",
    "{w40}",
    "{b40}",
    "{b44}",
    "{h32}",
    "{h40}",
    "{h64}",
    "{s43}",
    "{e20}",
    "{u32}",
    "{h8}-{h4}-{h4}-{h4}-{h12}",
    "{w16}",
)
PASSWORD_VALUES = (
    *VALUES,
    "{p12}",
    "{p16}",
    "{p20}",
    "{w8}",
    "Summer20{d2}{l3}",
    "{l5}-{e6}-{l5}",
    "{e10}",
    "{d8}{l2}",
)


class Sample(NamedTuple):
    """A text with a secret: the attribute that has it, the text, the secret, and how it was made."""

    attribute: str
    text: str
    secret: str
    made: str


def made_up(pattern: str, random: Random) -> str:
    """A value that follows a pattern."""
    return re.sub(r"\{(\w)(\d+)\}", lambda it: "".join(random.choices(LETTERS[it[1]], k=int(it[2]))), pattern)


def _script(lines: str) -> str:
    return f"#!/bin/bash\nset -e\n{lines}\nsystemctl start app\n"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _gzip(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


Form = Callable[[str, str], str]
FORMS: dict[str, Form] = {
    "shell": lambda name, value: _script(f"export {name}={value}"),
    "shell, quoted": lambda name, value: _script(f'export {name}="{value}"'),
    "shell, single quotes": lambda name, value: _script(f"{name}='{value}' ./run.sh --fast"),
    "shell, before a command": lambda name, value: _script(f"{name}={value} ./run.sh --fast | tee log"),
    "dotenv": lambda name, value: f"MODE=fast\n{name}={value}\nPORT=80\n",
    "dotenv, quoted": lambda name, value: f'MODE=fast\n{name}="{value}" # new\n',
    "one line": lambda name, value: f"{name}={value}",
    "YAML": lambda name, value: f"app:\n  mode: fast\n  {name}: {value}\n  port: 80\n",
    "YAML, quoted": lambda name, value: f'app:\n  "{name}": "{value}"\n  port: 80\n',
    "YAML, flow": lambda name, value: f"app: {{mode: fast, {name}: '{value}', port: 80}}\n",
    "YAML, block": lambda name, value: f"app:\n  {name}: |\n    {value}\n  port: 80\n",
    "YAML, name and value": lambda name, value: (
        f"env:\n  - name: MODE\n    value: x\n  - name: {name}\n    value: {value}\n"
    ),
    "YAML, list": lambda name, value: f"environment:\n  - MODE=fast\n  - {name}={value}\n",
    "JSON": lambda name, value: json.dumps({"mode": "fast", name: value}),
    "JSON, indented": lambda name, value: json.dumps({"app": [{name: value}]}, indent=2),
    "JSON, name and value": lambda name, value: json.dumps([{"name": name, "value": value}]),
    "JSON in a script": lambda name, value: _script(f"echo '{json.dumps({name: value})}' > /etc/app.json"),
    "JSON in quotes": lambda name, value: _script(f"curl -d {json.dumps(json.dumps({name: value}))} http://localhost"),
    "command in JSON": lambda name, value: json.dumps({"command": f"export {name}={value} && ./run.sh"}),
    "cloud-init": lambda name, value: (
        f"#cloud-config\nwrite_files:\n  - path: /etc/env\n    content: |\n      {name}={value}\nruncmd: [./run.sh]\n"
    ),
    "PowerShell": lambda name, value: (
        f'<powershell>\n$env:{name.replace(".", "_").replace("-", "_")} = "{value}"\n./run.ps1\n</powershell>\n'
    ),
    "PowerShell, variable": lambda name, value: (
        f"${name.replace('.', '_').replace('-', '_')} = '{value}'\nWrite-Host done\n"
    ),
    "PowerShell, call": lambda name, value: f'[Environment]::SetEnvironmentVariable("{name}", "{value}", "Machine")\n',
    "setx": lambda name, value: f"@echo off\nsetx {name} {value}\n",
    "Dockerfile": lambda name, value: f"FROM python:3.11\nENV {name}={value}\nENV {name} {value}\n",
    "flag": lambda name, value: _script(f"./deploy --{name.lower().replace('_', '-')} {value} --fast"),
    "flag, joined": lambda name, value: f"./deploy --{name.lower().replace('_', '-')}={value} --fast",
    "literal": lambda name, value: f"kubectl create secret generic app --from-literal={name}={value} -n app",
    "container": lambda name, value: _script(f"docker run -e {name}={value} -p 80:80 app"),
    "unit": lambda name, value: f'[Service]\nEnvironment="{name}={value}"\nExecStart=/app\n',
    "INI": lambda name, value: f"[app]\nmode = fast\n{name} = {value}\n",
    "connection": lambda name, value: f"Server=db;{name}={value};Database=app",
    "query": lambda name, value: f"http://localhost/x?mode=fast&{name}={value}&page=2",
    "element": lambda name, value: f"<app><mode>fast</mode><{name}>{value}</{name}></app>",
    "XML, key and value": lambda name, value: f'<add key="{name}" value="{value}" />',
    "code": lambda name, value: f'import os\nos.environ["{name}"] = "{value}"\n',
    "code, call": lambda name, value: f'config.set("{name}", "{value}")\n',
    "HCL": lambda name, value: f'app {{\n  {name} = "{value}"\n}}\n',
    "helm --set": lambda name, value: f"helm upgrade app chart --set mode=fast --set {name}={value}",
    "base64": lambda name, value: _base64(_script(f"export {name}={value}")),
    "gzip": lambda name, value: _gzip(_script(f"export {name}={value}")),
    "base64 in a script": lambda name, value: _script(f"echo {_base64(_script(f'{name}={value}'))} | base64 -d | bash"),
}
_NO_URLS = ("connection", "query")


def sample(random: Random) -> Sample:
    """A random secret, under a random name and in a random form."""
    kind = random.random()
    if kind < 0.5:
        what, pattern = random.choice([*FORMATS.items()])
        name = random.choice(("APP_SETTING", "value", "x", "config.main", *KEYS))
    elif kind < 0.75:
        name, pattern = random.choice(KEYS), random.choice(VALUES)
        what = name
    else:
        name, pattern = random.choice(PASSWORDS), random.choice(PASSWORD_VALUES)
        what = name
    secret = made_up(pattern, random)
    if kind >= 0.5 and random.random() < 0.1:
        return Sample(name, secret, secret, f"{what} {pattern}, attribute")
    form = random.choice([each for each in FORMS if "://" not in secret or each not in _NO_URLS])
    core = secret.removeprefix("postgres://app:").partition("@db.")[0] if "://app" in secret else secret
    core = core.rpartition("/services/")[2]
    return Sample("content", FORMS[form](name, secret), core, f"{what} {pattern}, {form}")


def shows(shown: str, secret: str) -> bool:
    """Whether a text that is shown has a secret, or half of it."""
    half = max(len(secret) // 2, min(len(secret), 6))
    return secret[:half] in shown or secret[-half:] in shown
