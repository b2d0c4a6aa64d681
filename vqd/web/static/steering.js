/** What may be done with jobs: asked for, confirmed where it cannot be taken back, and told. */

import { at, post } from "./api.js";
import { confirmed } from "./dialog.js";
import { count, nameOf } from "./words.js";

/** The acts; one that cannot be taken back says what it does, and is asked for twice. */
export const ACTS = [
  { verb: "approve", label: "Approve", icon: "check" },
  { verb: "pause", label: "Pause", icon: "pause" },
  { verb: "resume", label: "Resume", icon: "play" },
  { verb: "retry", label: "Retry", icon: "again" },
  { verb: "cancel", label: "Cancel", icon: "cross", asks: "What runs is interrupted. What is made already stays." },
];

/** Whether an act may be done with a job now. */
export function may(verb, job) {
  return job.may.includes(verb === "priority" ? "cancel" : verb);
}

/** Do one of the acts with jobs; gives what was refused, as `[job, why]`. */
export async function steer(verb, jobs, body = {}) {
  const act = ACTS.find((one) => one.verb === verb);
  if (act?.asks && !(await confirmed(`${act.label} ${about(jobs)}?`, act.asks, act.label))) return [];
  const answers = await Promise.allSettled(jobs.map((job) => post(at(job.job, verb).replace(/^api\//, ""), body)));
  return answers.flatMap((answer, number) =>
    answer.status === "rejected" ? [[jobs[number].job, answer.reason.message]] : [],
  );
}

function about(jobs) {
  return jobs.length === 1 ? nameOf(jobs[0].job) : count(jobs.length, "job");
}
