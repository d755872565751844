"""What we print: bar codes as SVG, unit labels, box labels and the traveller that goes with a work order."""
