r"""The formats of secrets that their issuers publish, by a prefix or a shape that nothing else has.

Prefixes and lengths are those of the rules of gitleaks (`config/gitleaks.toml`) and detect-secrets (`plugins/`).
Lengths are lower bounds here: an issuer that lengthens its tokens must not make them visible.
https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml
https://github.com/Yelp/detect-secrets/tree/master/detect_secrets/plugins
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

from .lines import Span, line_by_line


class Format(NamedTuple):
    """A kind of secret.

    Attributes:
        kind: who issues it, for what.
        marks: texts of which one is in each such secret: a cheap first check.
        shape: its regular expression; the group `secret`, if there is one, is the part to hide.
        in_one_word: whether it has no blanks, and at least as many characters as `SHORTEST_WORD`.
        at_start: whether it begins with one of the marks, and is no part of a longer word.
    """

    kind: str
    marks: tuple[str, ...]
    shape: str
    in_one_word: bool = True
    at_start: bool = True


SHORTEST_WORD = 15
"""Secrets that are one word have at least so many characters. Most words of a script are shorter."""


FORMATS = (
    Format(
        "AWS access key id",
        ("AKIA", "ASIA", "ABIA", "ACCA", "A3T"),
        r"\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}\b",
    ),
    Format(
        "AWS Bedrock API key",
        ("ABSK", "bedrock-api-key-"),
        r"\bABSK[A-Za-z0-9+/]{80,}={0,2}|\bbedrock-api-key-[\w+/=-]{20,}",
    ),
    Format(
        "private key",
        ("PRIVATE KEY",),
        r"-----BEGIN[ A-Z0-9_-]{0,40}PRIVATE KEY(?s:.*?)(?:-----END[ A-Z0-9_-]{0,40}KEY(?: BLOCK)?-----|\Z)",
        in_one_word=False,
    ),
    Format("JSON web token", ("eyJ",), r"\beyJ[\w+/-]{8,}={0,2}\.[\w+/-]{8,}={0,2}\.[\w+/-]*={0,2}"),
    Format("JSON web token in base64", ("ZXlK",), r"\bZXlK[\w+/-]{60,}={0,2}"),
    Format("Grafana API key", ("eyJrIjoi",), r"\beyJrIjoi[A-Za-z0-9+/]{40,}={0,3}"),
    Format("bearer token", ("earer ", "EARER "), r"(?i:\bbearer )(?P<secret>[\w.~+/-]{16,}=*)", in_one_word=False),
    Format("basic authentication", ("asic ",), r"\b[Bb]asic (?P<secret>[A-Za-z0-9+/]{16,}={0,2})", in_one_word=False),
    Format(
        "password in an address",
        ("://",),
        r"://[^/\s:@\"'<>]{0,256}:(?P<secret>[^\s\"'<>]{1,512})@",
        in_one_word=False,
    ),
    Format(
        "password hash",
        ("$1$", "$2", "$5$", "$6$", "$y$", "$argon2"),
        r"\$(?:1|2[abxy]?|5|6|y|argon2\w*)\$[\w./$=,+-]{16,}",
        at_start=False,
    ),
    Format("GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[pousr]_\w{20,}"),
    Format("GitHub fine-grained token", ("github_pat_",), r"\bgithub_pat_\w{20,}"),
    Format(
        "GitLab token",
        ("glpat-", "gldt-", "glft-", "glsoat-", "glrt-", "glptt-", "glimt-", "glagent-", "gloas-", "glffct-"),
        r"\bgl(?:pat|dt|ft|soat|rt|ptt|imt|agent|oas|ffct)-[\w.-]{16,}",
    ),
    Format("GitLab job token", ("glcbt-",), r"\bglcbt-[\w-]{16,}"),
    Format("GitLab runner registration token", ("GR1348941",), r"\bGR1348941[\w-]{16,}"),
    Format("Slack token", ("xox",), r"(?i:\bxox[abeoprs][.-][\w.-]{10,})"),
    Format("Slack app token", ("xapp-",), r"\bxapp-\d-[\w-]{16,}"),
    Format(
        "Slack webhook",
        ("hooks.slack.com/",),
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[\w+/-]{20,})",
        at_start=False,
    ),
    Format(
        "Teams webhook",
        ("webhook.office.com/",),
        r"webhook\.office\.com/webhookb2/(?P<secret>[\w@/-]{40,})",
        at_start=False,
    ),
    Format("Discord webhook", ("/api/webhooks/",), r"/api/webhooks/\d{10,}/(?P<secret>[\w-]{30,})", at_start=False),
    Format(
        "Discord bot token",
        (".",),
        r"\b[MNO][A-Za-z\d_-]{23,27}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,40}\b",
        at_start=False,
    ),
    Format("Stripe key", ("k_live_", "k_test_", "k_prod_"), r"\b[sr]k_(?:live|test|prod)_\w{10,}", at_start=False),
    Format("Stripe webhook secret", ("whsec_",), r"\bwhsec_[\w+/=]{20,}"),
    Format("OpenAI key", ("sk-",), r"\bsk-[\w-]{20,}"),
    Format("Anthropic key", ("sk-ant-",), r"\bsk-ant-[\w-]{20,}"),
    Format("Google API key", ("AIza",), r"\bAIza[\w-]{35}"),
    Format("Google OAuth secret", ("GOCSPX-", "ya29."), r"\bGOCSPX-[\w-]{20,}|\bya29\.[\w-]{20,}"),
    Format("SendGrid key", ("SG.",), r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    Format("Hugging Face token", ("hf_", "api_org_"), r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    Format("npm token", ("npm_",), r"\bnpm_\w{30,}"),
    Format(
        "npm registry password",
        ("_authToken", "_auth=", "_auth =", "_password"),
        r"\b_(?:authToken|auth|password)[ \t]*=[ \t]*(?P<secret>[^\s$]{6,})",
        in_one_word=False,
    ),
    Format("PyPI token", ("pypi-",), r"\bpypi-AgE[\w-]{16,}"),
    Format("RubyGems key", ("rubygems_",), r"\brubygems_[a-f0-9]{32,}"),
    Format("Clojars token", ("CLOJARS_",), r"(?i:\bclojars_[a-z0-9]{40,})"),
    Format("Vault token", ("hvs.", "hvb.", "hvr."), r"\bhv[sbr]\.[\w-]{20,}"),
    Format("Terraform Cloud token", (".atlasv1.",), r"\b[A-Za-z0-9]{10,}\.atlasv1\.[\w=-]{40,}", at_start=False),
    Format("DigitalOcean token", ("doo_v1_", "dop_v1_", "dor_v1_"), r"\bdo[opr]_v1_[a-f0-9]{40,}"),
    Format("Databricks token", ("dapi",), r"\bdapi[a-f0-9]{32}(?:-\d)?\b"),
    Format("Dynatrace token", ("dt0c01.", "dt0s"), r"\bdt0[a-z]\d\d\.[A-Z0-9a-z]{8,}\.[A-Za-z0-9]{32,}"),
    Format("Doppler token", ("dp.",), r"\bdp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{30,}"),
    Format("New Relic key", ("NRAK-", "NRII-", "NRJS-", "NRAA-", "NRIQ-"), r"\bNR(?:AK|II|JS|AA|IQ)-[\w-]{19,}"),
    Format("Postman key", ("PMAK-",), r"\bPMAK-[a-fA-F0-9]{24}-[a-fA-F0-9]{30,}"),
    Format("Pulumi token", ("pul-",), r"\bpul-[a-f0-9]{40}"),
    Format("Planetscale token", ("pscale_",), r"\bpscale_(?:tkn|oauth|pw)_[\w=.-]{30,}"),
    Format("Prefect key", ("pnu_", "pnb_"), r"\bpn[ub]_[A-Za-z0-9]{30,}"),
    Format("Perplexity key", ("pplx-",), r"\bpplx-[A-Za-z0-9]{40,}"),
    Format("Grafana token", ("glc_", "glsa_"), r"\bglc_[A-Za-z0-9+/]{32,}={0,3}|\bglsa_\w{32,}"),
    Format("Sentry token", ("sntrys_", "sntryu_"), r"\bsntry[su]_[\w+/=]{30,}"),
    Format("Linear key", ("lin_api_",), r"\blin_api_[A-Za-z0-9]{32,}"),
    Format("Notion token", ("ntn_", "secret_"), r"\bntn_[A-Za-z0-9]{40,}|\bsecret_[A-Za-z0-9]{43}\b"),
    Format("Shopify token", ("shpat_", "shpca_", "shppa_", "shpss_"), r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    Format("Shippo token", ("shippo_",), r"\bshippo_(?:live|test)_[a-fA-F0-9]{32,}"),
    Format(
        "Square token", ("EAAA", "sq0atp-", "sq0csp-", "sq0idp-"), r"\bEAAA[\w-]{50,}|\bsq0(?:atp|csp|idp)-[\w-]{22,}"
    ),
    Format("Facebook token", ("EAA",), r"\bEAA[A-Z][A-Za-z0-9]{90,}"),
    Format("Brevo key", ("xkeysib-", "xsmtpsib-"), r"\bx(?:key|smtp)sib-[a-f0-9]{40,}-\w{10,}"),
    Format("Mailchimp key", ("-us",), r"\b[0-9a-f]{32}-us\d{1,2}\b", at_start=False),
    Format("Mailgun key", ("key-",), r"\bkey-[a-f0-9]{32}\b"),
    Format("Twilio key", ("SK", "AC"), r"\b(?:SK|AC)[0-9a-f]{32}\b"),
    Format("Telegram bot token", (":A",), r"\b\d{8,12}:A[\w-]{34}\b", at_start=False),
    Format("Airtable token", ("pat",), r"\bpat\w{14}\.[a-f0-9]{64}\b"),
    Format("Alibaba key", ("LTAI",), r"\bLTAI[A-Za-z0-9]{16,24}\b"),
    Format("age key", ("AGE-SECRET-KEY-1",), r"\bAGE-SECRET-KEY-1[A-Z0-9]{40,}"),
    Format("1Password key", ("A3-", "ops_eyJ"), r"\bA3(?:-[A-Z0-9]{5,11}){5,6}\b|\bops_eyJ[A-Za-z0-9+/=]{40,}"),
    Format("Adobe client secret", ("p8e-", "p8-"), r"\bp8e?-[\w-]{30,}"),
    Format("Artifactory key", ("AKC", "cmVmd"), r"\bAKCp?[A-Za-z0-9]{60,}|\bcmVmd[A-Za-z0-9]{59}"),
    Format("Atlassian token", ("ATATT3", "ATCTT3"), r"\bAT[AC]TT3[\w=-]{40,}"),
    Format("Azure client secret", ("Q~",), r"(?<![\w~.-])[\w~.]{3}\dQ~[\w~.-]{30,40}", at_start=False),
    Format("Azure account key", ("==",), r"\b[A-Za-z0-9+/]{86}==", at_start=False),
    Format("Cloudflare origin key", ("v1.0-",), r"\bv1\.0-[a-f0-9]{24}-[a-f0-9]{100,}"),
    Format("ClickHouse key", ("4b1d",), r"\b4b1d[A-Za-z0-9]{38}\b"),
    Format("Defined Networking key", ("dnkey-",), r"\bdnkey-[\w=-]{40,}"),
    Format("Duffel token", ("duffel_",), r"\bduffel_(?:test|live)_[\w=-]{30,}"),
    Format("EasyPost key", ("EZAK", "EZTK"), r"\bEZ[AT]K[A-Za-z0-9]{50,}"),
    Format("Flutterwave key", ("FLWSECK",), r"\bFLWSECK(?:_TEST)?-[\w-]{12,}"),
    Format("Fly.io token", ("fo1_", "fm1", "fm2_"), r"\bfo1_[\w-]{40,}|\bfm[12][ar]?_[\w+/]{60,}={0,3}"),
    Format("Frame.io token", ("fio-u-",), r"\bfio-u-[\w=-]{40,}"),
    Format("Harness key", ("pat.", "sat."), r"\b[ps]at\.[\w-]{22}\.\w{24}\.\w{20}"),
    Format("Heroku key", ("HRKU-",), r"\bHRKU-[\w-]{36,}"),
    Format("Infracost key", ("ico-",), r"\bico-[A-Za-z0-9]{32}"),
    Format("42 client secret", ("s-s4t2",), r"\bs-s4t2(?:ud|af)-[a-fA-F0-9]{40,}"),
    Format("Lob key", ("live_", "test_"), r"\b(?:live|test)_(?:pub_)?[a-f0-9]{31,40}\b"),
    Format("GoCardless token", ("live_",), r"\blive_[\w=-]{40}\b"),
    Format("Mapbox secret token", ("sk.eyJ",), r"\bsk\.eyJ[\w-]{20,}\.[\w-]{16,}"),
    Format("MaxMind key", ("_mmk",), r"\b[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk", at_start=False),
    Format("Octopus Deploy key", ("API-",), r"\bAPI-[A-Z0-9]{24,}\b"),
    Format("OpenShift token", ("sha256~",), r"\bsha256~[\w-]{43}"),
    Format("Plaid token", ("access-",), r"\baccess-(?:sandbox|development|production)-[0-9a-f-]{36}"),
    Format("ReadMe key", ("rdme_",), r"\brdme_[a-z0-9]{50,}"),
    Format("Scalingo token", ("tk-us-",), r"\btk-us-[\w-]{40,}"),
    Format("SettleMint token", ("sm_aat_", "sm_pat_", "sm_sat_"), r"\bsm_[aps]at_[A-Za-z0-9]{16,}"),
    Format("Sonar token", ("squ_", "sqp_", "sqa_"), r"\bsq[upa]_[a-f0-9]{40}"),
    Format("Sourcegraph token", ("sgp_",), r"\bsgp_[\w]{40,}"),
    Format("Typeform token", ("tfp_",), r"\btfp_[\w.=-]{40,}"),
    Format("Yandex key", ("AQVN", "t1."), r"\bAQVN[\w-]{35,38}|\bt1\.[\w-]+={0,2}\.[\w-]{80,}={0,2}"),
    Format(
        "Authress key",
        (".acc",),
        r"\b(?:sc|ext|scauth|authress)_[\w]{5,30}\.\w{4,6}\.acc[_-][\w-]{10,32}\.[\w+/=-]{30,}",
        at_start=False,
    ),
    Format("Freemius key", ("sk_",), r"\bsk_[A-Za-z0-9]{29}\b"),
    Format("Replicate token", ("r8_",), r"\br8_[A-Za-z0-9]{30,}"),
    Format("Groq or xAI key", ("gsk_", "xai-"), r"\b(?:gsk_|xai-)[A-Za-z0-9]{40,}"),
    Format("LangSmith key", ("lsv2_",), r"\blsv2_(?:pt|sk)_[a-f0-9]{32}_\w{8,}"),
    Format("Docker Hub token", ("dckr_",), r"\bdckr_(?:pat|oat)_[\w-]{20,}"),
    Format("Buildkite token", ("bkua_",), r"\bbkua_[a-f0-9]{40}"),
    Format("Contentful token", ("CFPAT-",), r"\bCFPAT-[\w-]{40,}"),
    Format("Tailscale key", ("tskey-",), r"\btskey-[\w-]{16,}"),
)

_SHAPES = tuple(re.compile(each.shape) for each in FORMATS)
_WORDS = tuple((mark, number) for number, each in enumerate(FORMATS) if each.in_one_word for mark in each.marks)
_OTHERS = tuple((mark, number) for number, each in enumerate(FORMATS) if not each.in_one_word for mark in each.marks)


def _one_of(marks: Iterable[str]) -> str:
    """An expression for some texts, by their first letters: one `|` for all of them would take three times as long."""
    letters = groupby(sorted(marks), key=lambda mark: mark[0])
    return "|".join(f"{re.escape(each)}(?:{'|'.join(re.escape(one[1:]) for one in group)})" for each, group in letters)


_DOT = "."  # the mark of Discord's tokens, which have two, is in most paths
_START = re.compile(rf"(?<!\w)(?:{_one_of({mark for mark, number in _WORDS if FORMATS[number].at_start})})")
_INSIDE = re.compile(
    _one_of({mark for mark, number in _WORDS if not FORMATS[number].at_start} - {_DOT}) + r"|\.[\w-]{6}\."
)
_LONG_WORD = re.compile(rf"\S{{{SHORTEST_WORD}}}")
_MIN_LENGTH = 8


def found_in(text: str) -> Iterator[Span]:
    """The places of secrets with a published format: pairs of start and end."""
    if len(text) >= _MIN_LENGTH:
        yield from _places(text, {number for mark, number in _OTHERS if mark in text})
    if len(text) >= SHORTEST_WORD:
        yield from _in_words(text)


@line_by_line
def _in_words(line: str) -> tuple[Span, ...]:
    """The places of secrets that are one word."""
    if not (_LONG_WORD.search(line) and (_START.search(line) or _INSIDE.search(line))):
        return ()
    return tuple(_places(line, {number for mark, number in _WORDS if mark in line}))


def _places(text: str, numbers: Iterable[int]) -> Iterator[Span]:
    for number in numbers:
        shape = _SHAPES[number]
        for found in shape.finditer(text):
            yield found.span("secret" if "secret" in shape.groupindex else 0)
