# pint (https://cloudflare.github.io/pint/) reads the rules as somebody who has seen many go wrong:
#
#   cd alerts && pint --offline lint *.yml
#
# It must be silent. What is left out is left out for the reason beside it.

parser {
  exclude = ["alertmanager.yml"] # No rules.
}

checks {
  disabled = [
    # Groups have different intervals, so rules use what other groups have recorded, through last_over_time() where it may be
    # some minutes old. A test of promtool's sets the order.
    "rule/dependency",
    # The high-water marks and the noise of weeks hardly change within half an hour, and are what the rules cost most.
    # Whatever uses them asks for last_over_time() of more than their interval, so no alert flaps.
    "group/interval",
  ]
}

rule {
  match {
    kind = "alerting"
  }
  annotation "summary" {
    severity = "bug"
    required = true
  }
  annotation "description" {
    severity = "bug"
    required = true
  }
  annotation "runbook_url" {
    severity = "bug"
    value    = "https://github.com/asana-exporter/asana_exporter/blob/main/docs/runbook.md#.+"
    required = true
  }
}

# The alerts on deletions have the label of the limit that they compare with; rules_test.go looks after these.
rule {
  match {
    kind = "alerting"
  }
  ignore {
    name = "AsanaDeletionBurst|AsanaDeletionsSustained|AsanaStructureDeletions|AsanaRemovals"
  }
  label "severity" {
    severity = "bug"
    value    = "(page|warning)"
    required = true
  }
}
