output "train_policy_arn" {
  description = "Attach it to who runs `make data`, `image`, `train` and the commands about jobs."
  value       = module.people.train_policy_arn
}

output "build_policy_arn" {
  description = "Attach it to who runs `make plan`, `infra` and `destroy`."
  value       = module.people.build_policy_arn
}

output "build_options_policy_arn" {
  description = "Attach it to them too, unless it is null: what the stack's options need."
  value       = module.people.build_options_policy_arn
}
