# The log, the alarms, and what a person looks at.

resource "aws_cloudwatch_log_group" "log" {
  name              = "/aws/lambda/${local.function}"
  retention_in_days = 90
}

# Problems that no retry fixes: a failed run, a run that a sweep finds stuck or cannot read, an event that starts no run. A duplicate that
# used up its retries (`DuplicateInFlight`) is harmless and does not count.
resource "aws_cloudwatch_log_metric_filter" "attention_in_log" {
  name           = "${var.name}-attention"
  log_group_name = aws_cloudwatch_log_group.log.name
  pattern        = "{ $.level = \"ERROR\" && ($.kind = \"RunFailed\" || $.kind = \"UnknownEvent\" || $.kind = \"NotAllowed\" || $.kind = \"SourceGone\" || $.trouble = \"*\") }"

  metric_transformation {
    namespace     = var.name
    name          = "NeedsAttention"
    value         = "1"
    default_value = "0"
  }
}

resource "aws_cloudwatch_metric_alarm" "runs_need_attention" {
  alarm_name          = "${var.name}-runs-need-attention"
  alarm_description   = "A run failed or is stuck, or an event started no run; the function's ERROR log lines say which, and what to do"
  namespace           = var.name
  metric_name         = "NeedsAttention"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarms_go_to
}

resource "aws_cloudwatch_metric_alarm" "uploads_need_attention" {
  alarm_name          = "${var.name}-uploads-need-attention"
  alarm_description   = "Uploads started no run; their messages are in the queue UndeliveredUploads"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.undelivered_uploads.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarms_go_to
}

# It reads the log and AWS's own metrics, so it costs no metric of its own.
resource "aws_cloudwatch_dashboard" "dashboard" {
  dashboard_name = local.function

  dashboard_body = <<-JSON
    {
      "widgets": [
        {
          "type": "metric", "x": 0, "y": 0, "width": 8, "height": 6,
          "properties": {
            "title": "Needs attention", "region": "${local.region}", "stat": "Sum", "period": 300,
            "metrics": [
              ["${var.name}", "NeedsAttention"],
              ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${aws_sqs_queue.undelivered_uploads.name}", { "stat": "Maximum" }],
              ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${aws_sqs_queue.failed_signals.name}", { "stat": "Maximum" }]
            ]
          }
        },
        {
          "type": "metric", "x": 8, "y": 0, "width": 8, "height": 6,
          "properties": {
            "title": "Invocations", "region": "${local.region}", "stat": "Sum", "period": 300,
            "metrics": [
              ["AWS/Lambda", "Invocations", "FunctionName", "${local.function}"],
              ["AWS/Lambda", "Errors", "FunctionName", "${local.function}"],
              ["AWS/Lambda", "Throttles", "FunctionName", "${local.function}"]
            ]
          }
        },
        {
          "type": "metric", "x": 16, "y": 0, "width": 8, "height": 6,
          "properties": {
            "title": "Uploads that wait", "region": "${local.region}", "stat": "Maximum", "period": 300,
            "metrics": [["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "${aws_sqs_queue.queue.name}"]]
          }
        },
        {
          "type": "log", "x": 0, "y": 6, "width": 24, "height": 8,
          "properties": {
            "title": "Runs", "region": "${local.region}", "view": "table",
            "query": "SOURCE '/aws/lambda/${local.function}' | filter message = 'worked' | stats latest(status) as now, latest(percent) as done, latest(seconds_left) as left, sum(records) as processed, sum(skipped) as bad, max(slowest_batch_ms) as slowest_ms by span.job, span.run | limit 100"
          }
        },
        {
          "type": "log", "x": 0, "y": 14, "width": 24, "height": 6,
          "properties": {
            "title": "Records", "region": "${local.region}", "view": "timeSeries",
            "query": "SOURCE '/aws/lambda/${local.function}' | filter message = 'worked' | stats sum(records), sum(skipped) by bin(5m)"
          }
        },
        {
          "type": "log", "x": 0, "y": 20, "width": 24, "height": 6,
          "properties": {
            "title": "Errors", "region": "${local.region}", "view": "table",
            "query": "SOURCE '/aws/lambda/${local.function}' | filter level = 'ERROR' | fields @timestamp, kind, trouble, coalesce(run, span.run) as id, coalesce(error, message) as text | sort @timestamp desc | limit 50"
          }
        }
      ]
    }
  JSON
}

# The course of each run: one line for each invocation.
resource "aws_cloudwatch_query_definition" "course_of_runs" {
  name            = "${var.name}/course of runs"
  log_group_names = [aws_cloudwatch_log_group.log.name]

  query_string = <<-QUERY
    filter message = 'worked'
    | fields @timestamp, span.job, span.run, status, position, percent, records_per_second, seconds_left
    | sort @timestamp desc
    | limit 1000
  QUERY
}

# What needs a person, and what a person can do about it.
resource "aws_cloudwatch_query_definition" "errors" {
  name            = "${var.name}/errors"
  log_group_names = [aws_cloudwatch_log_group.log.name]

  query_string = <<-QUERY
    filter level = 'ERROR'
    | fields @timestamp, kind, trouble, coalesce(run, span.run) as id, coalesce(error, message) as text
    | sort @timestamp desc
    | limit 1000
  QUERY
}

# Whether the time-out suits the batches.
resource "aws_cloudwatch_query_definition" "slowest_batches" {
  name            = "${var.name}/slowest batches"
  log_group_names = [aws_cloudwatch_log_group.log.name]

  query_string = <<-QUERY
    filter message = 'worked'
    | stats max(slowest_batch_ms) as slowest_ms, max(reserve_ms) as reserve, sum(batches) as done by span.job, bin(1h)
  QUERY
}
