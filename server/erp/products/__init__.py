"""Products as the house uses them: costs, what choices make of them, how they are packed, and where they are used."""
