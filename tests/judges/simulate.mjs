// Evaluates requests with @cloud-copilot/iam-simulate: a JSON array of simulations on stdin, one line of JSON for each on
// stdout, in their order. `run.py` makes the simulations; permissions.py says what they mean.

import { runSimulation } from "@cloud-copilot/iam-simulate";
import { readFileSync } from "node:fs";

for (const simulation of JSON.parse(readFileSync(0, "utf8"))) {
  const answer = await runSimulation(simulation, {});
  const line =
    answer.resultType === "error"
      ? { error: JSON.stringify(answer.errors) }
      : { result: answer.overallResult, ignored: answer.result?.ignoredContextKeys ?? [] };
  console.log(JSON.stringify(line));
}
