"""One checker over the whole town, for tests, fault runs and operators: `python -m deploy.verify`."""

from deploy.verify.check import verify
from deploy.verify.findings import Finding, Report
from deploy.verify.ledger import Deed, Outcome
from deploy.verify.site import Site, site_here, site_of

__all__ = ["Deed", "Finding", "Outcome", "Report", "Site", "site_here", "site_of", "verify"]
