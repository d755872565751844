"""What happened: event identities, raw events, facts, the quarantine inbox, audit and gateway health."""
