"""The library in a program of your own: a complaint in, both answers and the words behind them out."""

import opportunity

triage = opportunity.load()

suggestion = triage("My daughter's bike was due on Monday. I rang twice and nobody can say where it is.")
print("Opportunity:", suggestion.answers.opportunity)
print("Help:       ", suggestion.answers.help)
for evidence in suggestion.evidence[:3]:
    print(f"  {evidence.label}: “{evidence.quote}”")
if suggestion.abstained:
    print("Please decide yourself:", suggestion.abstained)

for one in triage.pipe(["You charged me twice.", "The room was cold and the manager only shrugged."]):
    print(one.chosen.opportunity, one.chosen.urgency)
