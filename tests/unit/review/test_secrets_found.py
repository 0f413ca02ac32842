"""Secrets that nobody marked are found in every form of configuration; what is no secret stays visible."""

import re
from random import Random

import pytest

from benchmarks.review_secrets import masked_values, shown_secrets
from scripts.review.model import Plan
from scripts.review.secrets.formats import FORMATS, SHORTEST_WORD
from scripts.review.secrets.mask import MASKED, SUSPECT, Mask
from scripts.review.secrets.values import holds_secret
from tests.unit.review import secret_samples

SAMPLES = 2_000


def shown(text: str, name: str = "content") -> str:
    return Mask(Plan("p", "1.2", "1")).text(text, name)


def test_made_up_secrets_are_masked() -> None:
    """Less than 0.1 % may come through; `python -m benchmarks.review_secrets` makes 20,000."""
    found = shown_secrets(SAMPLES, seed=1)
    assert len(found) < SAMPLES * 0.001, found


def test_values_that_are_none_are_shown() -> None:
    """Less than 2 % may be masked."""
    found = masked_values(SAMPLES, seed=1)
    assert len(found) < SAMPLES * 0.02, found


def test_the_samples_are_of_at_least_sixty_kinds() -> None:
    assert len(secret_samples.FORMATS) >= 60
    assert len({each.kind for each in FORMATS}) == len(FORMATS) >= 60


H = "hunter2"
S = SUSPECT


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"DB_PASSWORD={H} psql -h db | tee log", f"DB_PASSWORD={S} psql -h db | tee log"),
        (f"A=1\nDB_PASSWORD={H};&x\nB=2", f"A=1\nDB_PASSWORD={S}\nB=2"),
        (f'export MYSQL_PWD="{H} x"; run', f'export MYSQL_PWD="{S}"; run'),
        (f"DB_PASS=ab'{H} x'cd run", f"DB_PASS={S} run"),
        ("DB_PASSWORD=${X:-" + H + "} run", f"DB_PASSWORD={S} run"),
        (f"sh -c 'PGPASSWORD={H} psql'", f"sh -c 'PGPASSWORD={S} psql'"),
        (f"db:\n  password: {H} # new\n  user: bob", f"db:\n  password: {S} # new\n  user: bob"),
        (f"password: |\n  {H}\n  more\nnext: 1", f"password: |\n{S}\n{S}\nnext: 1"),
        (f"{{user: bob, password: {H}}}", f"{{user: bob, password: {S}}}"),
        (f"- name: DB_PASS\n  value: {H}\n- name: X", f"- name: DB_PASS\n  value: {S}\n- name: X"),
        (f'{{"cmd": "PGPASSWORD={H} psql"}}', f'{{"cmd": "PGPASSWORD={S} psql"}}'),
        (f'$env:DB_PASSWORD = "{H}"\nrun', f'$env:DB_PASSWORD = "{S}"\nrun'),
        (f"setx DB_PASSWORD {H} /M", f"setx DB_PASSWORD {S} /M"),
        (f"mysql -u root -p{H} db", f"mysql -u root -p{S} db"),
        (f"curl -u bob:{H} https://x | sh", f"curl -u bob:{S} https://x | sh"),
        (f'curl -H "X-Api-Key: {H}" https://x | sh', f'curl -H "X-Api-Key: {S}" https://x | sh'),
        (f"echo 'root:{H}' | chpasswd", f"echo 'root:{S}' | chpasswd"),
        (f"chpasswd:\n  list: |\n    root:{H}\nruncmd: x", f"chpasswd:\n  list: |\n    root:{S}\nruncmd: x"),
        (f"db:5432:app:bob:{H}", f"db:5432:app:bob:{S}"),
        (f"machine x login bob password {H}", f"machine x login bob password {S}"),
        (f"ALTER USER bob IDENTIFIED BY '{H}';", f"ALTER USER bob IDENTIFIED BY '{S}';"),
        (f"redis-cli -h r -a {H} ping", f"redis-cli -h r -a {S} ping"),
        (f"<password>{H}</password>", f"<password>{S}</password>"),
        (f"Server=x;Password={H};Database=y", f"Server=x;Password={S};Database=y"),
        (f"postgres://bob:{H}@h/db", f"postgres://bob:{S}@h/db"),
        (f"postgres://bob:p@/{H}@h/db", f"postgres://bob:{S}@h/db"),
        (f"-----BEGIN RSA PRIVATE KEY-----\n{H}\n-----END RSA PRIVATE KEY-----\nx", f"{S}\n{S}\n{S}\nx"),
        (f"//registry/:_authToken={H}", f"//registry/:_authToken={S}"),
        ('{"password": 12345678}', f'{{"password": "{S}"}}'),
    ],
)  # fmt: skip
def test_only_the_secret_is_masked(text: str, masked: str) -> None:
    assert shown(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "PAD_TOKEN=[PAD]\nEOS_TOKEN=<eos>\nTOKEN=none",
        "DB_PASSWORD=$(aws ssm get-parameter --name /db)\nrun",
        "password: {{ .Values.password }} # from the chart",
        "secretKeyRef:\n  name: db-auth\n  key: postgres-password",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:app",
        "image: registry.example.com/vault-token:1.2.3",
        'read -p "Password: " PASS',
        "permissions:\n  id-token: write",
        "proxy_pass http://backend;",
        "DB_PASSWORD_FILE=/run/secrets/db\nTOKEN_TTL=3600",
        '{"Principal": {"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}}',
        "echo '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  x.tar.gz' | sha256sum -c",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("SECRET", "my-secret-name", False),
        ("SECRET", "kJ8x-q2Lm", True),
        ("DB_PASSWORD", "my-secret-name", True),
        ("S3_ACCESS_KEY", "models/latest", False),
        ("S3_ACCESS_KEY", "mO/4dels/la8Test", True),
        ("API_KEY", "correct-horse-battery-staple", True),
        ("DB_PASSWORD", "changeme", False),
        ("DB_PASSWORD", "changeme1", True),
        ("DB_PASSWORD", "$DB_PASSWORD", False),
        ("DB_PASSWORD", "$ecr3tPa55", True),
        ("DB_PASSWORD", "/run/secrets/db", False),
        ("DB_PASSWORD", "/xK3v9q/Lm2", True),
        ("TOKEN", "GITHUB_TOKEN", False),
        ("PAD_TOKEN", "[PAD]", False),
    ],
)
def test_names_and_values(name: str, value: str, is_secret: bool) -> None:
    assert holds_secret(name, value) is is_secret


def test_secrets_that_are_searched_for_in_long_words_only_are_such() -> None:
    random = Random(1)  # noqa: S311 - to repeat, not to hide
    made = [secret_samples.made_up(pattern, random) for pattern in secret_samples.FORMATS.values()]
    words = [
        found[0] for each in FORMATS if each.in_one_word for text in made for found in re.finditer(each.shape, text)
    ]
    assert len(words) >= 60
    assert all(len(each) >= SHORTEST_WORD and each.split() == [each] for each in words)


def test_secrets_that_are_searched_for_at_the_start_of_words_only_begin_with_a_mark() -> None:
    random = Random(1)  # noqa: S311 - to repeat, not to hide
    made = [secret_samples.made_up(pattern, random) for pattern in secret_samples.FORMATS.values()]
    found = [
        (each, place[0])
        for each in FORMATS
        if each.in_one_word and each.at_start
        for text in made
        for place in re.finditer(each.shape, text)
    ]
    assert len({each.kind for each, _ in found}) >= 60
    assert all(secret.startswith(each.marks) for each, secret in found)
    assert not [each.kind for each, secret in found if re.search(each.shape, f"x{secret}")]


@pytest.mark.parametrize("name", ["PSWD", "contrasena", "db_pw"])
def test_a_secrets_name_needs_no_other_one_in_the_text(name: str) -> None:
    assert shown(f"PORT=80\n{name}=Tr4vel\nHOST=a") == f"PORT=80\n{name}={SUSPECT}\nHOST=a"


def test_a_short_secret_that_is_a_whole_line_is_masked() -> None:
    mask = Mask(Plan("p", "1.2", "1", secrets=frozenset({"abc"})))
    assert mask.text("x abc\nabc\nabcd", "content") == f"x abc\n{MASKED}\nabcd"
