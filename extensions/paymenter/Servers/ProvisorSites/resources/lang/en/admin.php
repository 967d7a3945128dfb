<?php

declare(strict_types=1);

return [
    'public_ip' => 'Public address of sites',
    'public_ip_help' => 'Left empty, Provisor\'s own.',
    'termination' => 'When a service is terminated',
    'termination_help' => 'Suspended sites keep their data until an operator of Provisor deletes them.',
    'termination_delete' => 'Delete the site and its data',
    'termination_keep' => 'Suspend the site and keep its data',
    'plan' => 'Plan',
    'plan_help' => 'What a site of this product is granted.',
    'plan_option' => ':name: :memory memory, :disk disk, :backups backups, :domains domains',
    'plans_missing' => 'The plans cannot be listed, so type the name of one. :reason',
];
