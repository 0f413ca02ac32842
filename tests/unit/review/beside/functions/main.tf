# An API on Lambda: a REST API, an HTTP API, GraphQL, the sign-in of its users, and its topics.
data "aws_caller_identity" "current" {}

resource "aws_lambda_function" "orders" {
  function_name = "orders"
  role          = aws_iam_role.functions.arn
  runtime       = "python3.8"
  handler       = "orders.handle"
  s3_bucket     = "example-shop-code"
  s3_key        = "orders.zip"
  environment {
    variables = {
      TABLE                 = "orders"
      PAYMENT_API_KEY       = "made-up-5t8r2v6n4c0j"
      AWS_KEY_FOR_REPORTS   = "AKIAIOSFODNN7EXAMPLE"
      AWS_SECRET_FOR_REPORT = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    }
  }
}

resource "aws_iam_role" "functions" {
  name = "functions"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "functions" {
  name = "functions"
  role = aws_iam_role.functions.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["dynamodb:*", "lambda:InvokeFunction", "iam:PassRole"]
      Resource = "*"
    }]
  })
}

resource "aws_lambda_function_url" "orders" {
  function_name      = aws_lambda_function.orders.function_name
  authorization_type = "NONE"
  cors {
    allow_origins = ["*"]
    allow_methods = ["*"]
  }
}

resource "aws_lambda_permission" "anyone" {
  function_name = aws_lambda_function.orders.function_name
  action        = "lambda:InvokeFunction"
  principal     = "*"
}

resource "aws_lambda_permission" "api" {
  function_name = aws_lambda_function.orders.function_name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
}

resource "aws_api_gateway_rest_api" "shop" {
  name = "shop"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = "execute-api:Invoke", Resource = "*" }]
  })
}

resource "aws_api_gateway_resource" "orders" {
  rest_api_id = aws_api_gateway_rest_api.shop.id
  parent_id   = aws_api_gateway_rest_api.shop.root_resource_id
  path_part   = "orders"
}

resource "aws_api_gateway_method" "orders" {
  rest_api_id   = aws_api_gateway_rest_api.shop.id
  resource_id   = aws_api_gateway_resource.orders.id
  http_method   = "POST"
  authorization = "NONE"
}

resource "aws_api_gateway_domain_name" "shop" {
  domain_name     = "api.example.com"
  security_policy = "TLS_1_0"
}

resource "aws_apigatewayv2_api" "partners" {
  name          = "partners"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_route" "partners" {
  api_id    = aws_apigatewayv2_api.partners.id
  route_key = "GET /stock"
}

resource "aws_apigatewayv2_route" "prices" {
  api_id             = aws_apigatewayv2_api.partners.id
  route_key          = "GET /prices"
  authorization_type = "AWS_IAM"
}

resource "aws_appsync_graphql_api" "app" {
  name                = "app"
  authentication_type = "API_KEY"
  log_config {
    cloudwatch_logs_role_arn = "arn:aws:iam::123456789012:role/appsync-logs"
    field_log_level          = "ALL"
  }
}

resource "aws_cognito_identity_pool" "app" {
  identity_pool_name               = "app"
  allow_unauthenticated_identities = true
}

resource "aws_sns_topic" "orders" {
  name = "orders"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { AWS = "*" }, Action = "sns:Publish", Resource = "*" }]
  })
}

resource "aws_sns_topic" "returns" {
  name              = "returns"
  kms_master_key_id = "alias/aws/sns"
}

resource "aws_cloudwatch_event_bus" "shop" {
  name = "shop"
}

resource "aws_cloudwatch_event_permission" "shop" {
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  principal      = "*"
  statement_id   = "partners"
}

resource "aws_sns_topic_policy" "returns" {
  arn = aws_sns_topic.returns.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::444455556666:root" }
      Action    = "sns:Subscribe"
      Resource  = "arn:aws:sns:us-east-1:123456789012:returns"
    }]
  })
}
