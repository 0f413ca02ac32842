output "train_policy_arn" {
  description = "Attach it to who runs `make data`, `image`, `train` and the commands about jobs."
  value       = module.people.train_policy_arn
}

output "build_policy_arn" {
  description = "Attach it to who runs `make plan`, `infra` and `destroy`."
  value       = module.people.build_policy_arn
}
